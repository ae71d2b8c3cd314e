//! Which parts a request says that an object is to be made of.
//!
//! The store makes the object of the parts that are listed, and of no others; so a list that is not
//! understood says nothing. Only the plain form is: what two XML readers could take for different
//! things, such as entities, comments and prefixes, is none.

/// The longest list that is sent, in bytes: 10,000 parts with checksums take less than 3 MB.
pub(super) const LONGEST: usize = 4 * 1024 * 1024;

/// The numbers in a body of `CompleteMultipartUpload` (Amazon S3 API Reference), in its order, which
/// is ascending.
pub(super) fn numbers(body: &[u8]) -> Option<Vec<u16>> {
    let mut rest = Rest(std::str::from_utf8(body).ok()?.trim_ascii());
    if let Some(declared) = rest.0.strip_prefix("<?xml ") {
        rest.0 = declared.split_once("?>")?.1;
    }
    rest.open("CompleteMultipartUpload")?;
    let mut numbers = Vec::new();
    while rest.tag("<Part>").is_some() {
        let number = part(&mut rest)?;
        if numbers.last().is_some_and(|last| *last >= number) {
            return None;
        }
        numbers.push(number);
    }
    rest.tag("</CompleteMultipartUpload>")?;
    rest.0.is_empty().then_some(numbers)
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Reads exactly this tag.
    fn tag(&mut self, tag: &str) -> Option<()> {
        self.0 = self.0.trim_ascii_start().strip_prefix(tag)?;
        Some(())
    }

    /// Reads the beginning of an element, whatever its attributes.
    fn open(&mut self, name: &str) -> Option<()> {
        let rest = self.0.trim_ascii_start().strip_prefix('<')?;
        let (attributes, rest) = rest.strip_prefix(name)?.split_once('>')?;
        let ends =
            attributes.is_empty() || attributes.starts_with(|c: char| c.is_ascii_whitespace());
        let plain = ends && !attributes.ends_with('/') && !attributes.contains('<');
        self.0 = rest;
        plain.then_some(())
    }

    /// Reads an element without attributes that holds only text: its name and the text.
    fn element(&mut self) -> Option<(&'a str, &'a str)> {
        let rest = self.0.trim_ascii_start().strip_prefix('<')?;
        let (name, rest) = rest.split_once('>')?;
        let (text, rest) = rest.split_once('<')?;
        let rest = rest.strip_prefix('/')?.strip_prefix(name)?;
        self.0 = rest.strip_prefix('>')?;
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then_some((name, text))
    }
}

/// The number of the part that was begun.
fn part(rest: &mut Rest<'_>) -> Option<u16> {
    let mut number = None;
    while rest.tag("</Part>").is_none() {
        let (name, text) = rest.element()?;
        if name.eq_ignore_ascii_case("PartNumber") && number.replace(digits(text)?).is_some() {
            return None;
        }
    }
    number
}

fn digits(text: &str) -> Option<u16> {
    let text = text.trim_ascii();
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(parts: &str) -> Option<Vec<u16>> {
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        numbers(body.as_bytes())
    }

    #[test]
    fn a_list_as_components_write_it_is_understood() {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n  \
            <Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag>\
            <ChecksumCRC64NVME>AA==</ChecksumCRC64NVME></Part>\n\
            <Part>\n<ETag>\"b\"</ETag> <PartNumber> 3 </PartNumber></Part>\n\
            </CompleteMultipartUpload>\n";
        assert_eq!(numbers(body.as_bytes()), Some(vec![1, 3]));
        assert_eq!(read(""), Some(vec![]));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_understood() {
        let one = "<Part><PartNumber>1</PartNumber></Part>";
        for parts in [
            "<Part></Part>",
            "<Part/>",
            "<Part><PartNumber>1</PartNumber><PartNumber>2</PartNumber></Part>",
            "<Part><PartNumber>1</PartNumber><partnumber>2</partnumber></Part>",
            "<Part><PartNumber>&#49;</PartNumber></Part>",
            "<Part><PartNumber>+1</PartNumber></Part>",
            "<Part><PartNumber></PartNumber></Part>",
            "<Part><PartNumber>65536</PartNumber></Part>",
            "<Part><PartNumber><![CDATA[1]]></PartNumber></Part>",
            "<Part><s3:PartNumber>1</s3:PartNumber></Part>",
            "<Part><PartNumber>1<!-- --></PartNumber></Part>",
            "<Part><PartNumber x=\"\">1</PartNumber></Part>",
            "<Part><Part><PartNumber>1</PartNumber></Part></Part>",
            "<Other>1</Other>",
            "text",
            &format!("{one}{one}"),
            &format!("<!-- {one} -->"),
            &format!("{one}</CompleteMultipartUpload><CompleteMultipartUpload>"),
        ] {
            assert_eq!(read(parts), None, "{parts}");
        }
        for body in [
            "",
            "<CompleteMultipartUpload/>",
            "<CompleteMultipartUpload>",
            "<CompleteMultipartUploads></CompleteMultipartUploads>",
            "<!DOCTYPE x [<!ENTITY y \"\">]><CompleteMultipartUpload></CompleteMultipartUpload>",
            "<CompleteMultipartUpload></CompleteMultipartUpload>more",
        ] {
            assert_eq!(numbers(body.as_bytes()), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            let _ = numbers(&bytes);
        }

        #[test]
        fn any_text_like_a_list_can_be_read(text in "(<|>|/|Part|PartNumber|1| ){0,40}") {
            let _ = read(&text);
        }

        #[test]
        fn numbers_are_read_as_they_were_written(chosen in prop::collection::btree_set(1_u16..=10_000, 0..50)) {
            let part = |number: &u16| format!("<Part><PartNumber>{number}</PartNumber></Part>");
            let parts: Vec<_> = chosen.iter().map(part).collect();
            prop_assert_eq!(read(&parts.concat()), Some(chosen.into_iter().collect::<Vec<_>>()));
        }
    }
}
