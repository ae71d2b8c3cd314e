//! Whether an answer says that a multipart upload became an object.
//!
//! S3 answers `CompleteMultipartUpload` with 200 before it is done, keeps the connection busy with
//! white space, and ends with a result or, still under the same status, with an `<Error>`.

/// So much of the answer is looked at, in bytes; a result has about 500.
const LONGEST: usize = 64 * 1024;

const RESULT: &[u8] = b"CompleteMultipartUploadResult";

/// What a look at the answer so far says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It has not said anything yet.
    Open,
    /// There is an object.
    Completed,
    /// Something went wrong, or it is no such answer.
    Failed,
}

/// The beginning of an answer, as it is read.
#[derive(Debug, Default)]
pub(super) struct Peek {
    seen: Vec<u8>,
}

impl Peek {
    /// Takes the next bytes of the answer.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Verdict {
        if self.seen.is_empty() {
            bytes = bytes.trim_ascii_start();
        }
        let room = LONGEST - self.seen.len();
        self.seen.extend_from_slice(&bytes[..bytes.len().min(room)]);
        judge(&self.seen)
    }
}

fn judge(document: &[u8]) -> Verdict {
    match root(document) {
        None if document.len() == LONGEST => Verdict::Failed,
        None => Verdict::Open,
        Some(name) if name != RESULT => Verdict::Failed,
        Some(_) if document.windows(7).any(|window| window == b"<Error>") => Verdict::Failed,
        Some(_) => Verdict::Completed,
    }
}

/// The local name of the root element, once all of it is there.
fn root(document: &[u8]) -> Option<&[u8]> {
    let mut rest = document;
    loop {
        rest = rest.trim_ascii_start();
        let prolog = [(&b"<?"[..], &b"?>"[..]), (b"<!--", b"-->")];
        let Some((_, end)) = prolog.iter().find(|(start, _)| rest.starts_with(start)) else {
            break;
        };
        let at = rest.windows(end.len()).position(|window| window == *end)?;
        rest = &rest[at + end.len()..];
    }
    let (b'<', name) = rest.split_first()? else {
        return Some(rest);
    };
    let end = name
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte))?;
    name[..end].rsplit(|byte| *byte == b':').next()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "<?xml version=\"1.0\"?>\n<!-- a > b -->\n<CompleteMultipartUploadResult \
        xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><ETag>x</ETag></CompleteMultipartUploadResult>";

    fn read(text: &str) -> Verdict {
        Peek::default().read(text.as_bytes())
    }

    #[test]
    fn a_result_is_told_from_an_error_and_from_anything_else() {
        for (text, verdict) in [
            (GOOD, Verdict::Completed),
            ("<s3:CompleteMultipartUploadResult>", Verdict::Completed),
            ("<CompleteMultipartUploadResult/>", Verdict::Completed),
            ("", Verdict::Open),
            ("  \n", Verdict::Open),
            ("<?xml", Verdict::Open),
            ("<CompleteMultipartUploadResult", Verdict::Open),
            ("<Error><Code>InternalError</Code></Error>", Verdict::Failed),
            (
                "<!-- <CompleteMultipartUploadResult> --><Error>",
                Verdict::Failed,
            ),
            ("<CompleteMultipartUploadResult><Error>", Verdict::Failed),
            ("<CompleteMultipartUploadResults>", Verdict::Failed),
            ("<Complete:Error>", Verdict::Failed),
            ("OK", Verdict::Failed),
            (
                "<!DOCTYPE x><CompleteMultipartUploadResult>",
                Verdict::Failed,
            ),
        ] {
            assert_eq!(read(text), verdict, "{text}");
        }
    }

    #[test]
    fn white_space_that_keeps_the_connection_alive_costs_nothing() {
        let mut peek = Peek::default();
        for _ in 0..100 {
            assert_eq!(peek.read(&[b' '; 4096]), Verdict::Open);
        }
        assert_eq!(peek.read(GOOD.as_bytes()), Verdict::Completed);
    }

    #[test]
    fn what_is_looked_at_is_bounded() {
        let mut peek = Peek::default();
        peek.read(b"<!--");
        for _ in 0..100 {
            peek.read(&[b'x'; 4096]);
        }
        assert_eq!(peek.seen.len(), LONGEST);
        assert_eq!(peek.read(b"-->"), Verdict::Failed);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_answer_is_cut(
            spaces in 0_usize..20,
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
            failed: bool,
        ) {
            let result = if failed { "<Error><Code>InternalError</Code></Error>" } else { GOOD };
            let text = format!("{}{result}", " ".repeat(spaces));
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.index(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut peek = Peek::default();
            let mut last = Verdict::Open;
            for pair in cuts.windows(2) {
                last = peek.read(&text.as_bytes()[pair[0]..pair[1]]);
                prop_assert!(failed || last != Verdict::Failed);
                prop_assert!(!failed || last != Verdict::Completed);
            }
            prop_assert_eq!(last, if failed { Verdict::Failed } else { Verdict::Completed });
        }

        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            Peek::default().read(&bytes);
        }
    }
}
