//! What the head of an answer says of a file.

use http::header::{CONTENT_ENCODING, CONTENT_RANGE, HeaderMap};
use http::{HeaderValue, StatusCode};

use super::error::Trouble;

/// What becomes of the answer to a request for a file from a byte on.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Its body is the file, behind so many bytes that were not asked for.
    Body { unwanted: u64 },
    /// The file ends where the rest of it would begin.
    End,
    /// There is no such file.
    NotFound,
    /// Neither.
    Trouble(Trouble),
}

/// The field that asks for the bytes from `offset` on; none for the whole file.
pub(super) fn range(offset: u64) -> Option<HeaderValue> {
    let bytes = (offset > 0).then(|| format!("bytes={offset}-"))?;
    HeaderValue::try_from(bytes).ok()
}

pub(super) fn judge(status: StatusCode, headers: &HeaderMap, offset: u64) -> Verdict {
    match status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT if encoding(headers).is_some() => {
            let encoding = encoding(headers).unwrap_or_default();
            Verdict::Trouble(Trouble::Encoded(encoding))
        }
        StatusCode::OK => Verdict::Body { unwanted: offset },
        StatusCode::PARTIAL_CONTENT if offset > 0 && first_byte(headers) == Some(offset) => {
            Verdict::Body { unwanted: 0 }
        }
        StatusCode::PARTIAL_CONTENT => Verdict::Trouble(Trouble::OtherPart(offset)),
        StatusCode::RANGE_NOT_SATISFIABLE if offset > 0 && length(headers) == Some(offset) => {
            Verdict::End
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => Verdict::NotFound,
        status if status.is_redirection() => Verdict::Trouble(Trouble::Redirect(status)),
        status => Verdict::Trouble(Trouble::Status(status)),
    }
}

/// The encoding of the body, shortened, if it has one.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let encoding = headers.get(CONTENT_ENCODING)?;
    let text = encoding.to_str().unwrap_or_default();
    let named = !text.eq_ignore_ascii_case("identity");
    named.then(|| text.chars().take(32).collect())
}

/// `bytes FIRST-LAST/LENGTH` (RFC 9110 14.4).
fn first_byte(headers: &HeaderMap) -> Option<u64> {
    let (first, _) = content_range(headers)?.split_once('-')?;
    first.parse().ok()
}

/// `bytes */LENGTH`.
fn length(headers: &HeaderMap) -> Option<u64> {
    content_range(headers)?.strip_prefix("*/")?.parse().ok()
}

fn content_range(headers: &HeaderMap) -> Option<&str> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, offset: u64, fields: &[(&'static str, &'static str)]) -> String {
        let fields = fields.iter().map(|&(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let status = StatusCode::from_u16(status).unwrap_or_default();
        format!("{:?}", judge(status, &fields.collect(), offset))
    }

    #[test]
    fn a_part_must_be_the_one_that_was_asked_for() {
        let range = |range| [("content-range", range)];
        for (offset, fields, verdict) in [
            (5, &range("bytes 5-9/10")[..], "Body { unwanted: 0 }"),
            (5, &range("bytes 5-9/*")[..], "Body { unwanted: 0 }"),
            (5, &range("bytes 4-9/10")[..], "Trouble(OtherPart(5))"),
            (5, &range("lines 5-9/10")[..], "Trouble(OtherPart(5))"),
            (5, &[][..], "Trouble(OtherPart(5))"),
            (0, &range("bytes 0-9/10")[..], "Trouble(OtherPart(0))"),
        ] {
            assert_eq!(judged(206, offset, fields), verdict, "{fields:?}");
        }
    }

    #[test]
    fn a_server_that_sends_everything_is_listened_to_from_there() {
        assert_eq!(judged(200, 7, &[]), "Body { unwanted: 7 }");
    }

    #[test]
    fn the_end_of_a_file_is_no_error_but_another_files_is() {
        let ended = [("content-range", "bytes */7")];
        assert_eq!(judged(416, 7, &ended), "End");
        assert_eq!(judged(416, 8, &ended), "Trouble(Status(416))");
        assert_eq!(judged(416, 7, &[]), "Trouble(Status(416))");
    }

    #[test]
    fn only_what_says_so_is_not_found() {
        assert_eq!(judged(404, 0, &[]), "NotFound");
        assert_eq!(judged(410, 0, &[]), "NotFound");
        for status in [204, 400, 401, 403, 405, 429, 500, 503] {
            let trouble = format!("Trouble(Status({status}))");
            assert_eq!(judged(status, 0, &[]), trouble);
        }
        for status in [301, 302, 307, 308] {
            let trouble = format!("Trouble(Redirect({status}))");
            assert_eq!(judged(status, 0, &[]), trouble);
        }
    }

    #[test]
    fn compressed_bytes_are_not_the_files() {
        let gzip = [("content-encoding", "gzip")];
        assert_eq!(judged(200, 0, &gzip), "Trouble(Encoded(\"gzip\"))");
        let plain = [("content-encoding", "identity")];
        assert_eq!(judged(200, 0, &plain), "Body { unwanted: 0 }");
    }
}
