//! The `<Error>` document, read from whatever a server or something in front of it sent.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// How much of a body is looked at, in bytes. Real documents are under 2 KiB.
const MAX_DOCUMENT: usize = 64 * 1024;
/// How much of one field is kept, in bytes.
const MAX_FIELD: usize = 1024;
/// How deep elements may be nested before reading stops.
const MAX_DEPTH: usize = 16;

/// The fields of an error document that are used ("Error responses", Amazon S3 API Reference).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) request_id: String,
    pub(super) region: String,
}

/// Reads the error document in `body`, if there is one.
///
/// Reading is forgiving: what a truncated document had before it broke is kept. It is also
/// inert: no document type, no entities but the five that XML itself defines, bounded depth
/// and size.
pub(super) fn parse(body: &[u8]) -> Option<Document> {
    let body = &body[..body.len().min(MAX_DOCUMENT)];
    let text = String::from_utf8_lossy(body);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    reader.config_mut().expand_empty_elements = true;
    let mut path = Path::default();
    let mut document = None;
    // A document that breaks off is still worth what came before.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(start) => {
                path.enter(start.local_name().as_ref())?;
                if path.is_error() {
                    document.get_or_insert_with(Document::default);
                }
            }
            Event::End(_) => path.leave(),
            Event::Text(text) => path.append(document.as_mut(), &text),
            Event::CData(text) => path.append(document.as_mut(), &text),
            Event::GeneralRef(entity) => {
                let mut buffer = [0; 4];
                let character = resolve(&entity)?.encode_utf8(&mut buffer);
                path.append(document.as_mut(), character);
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    document
}

/// The names of the open elements, outermost first.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    /// Nothing once the nesting is not one of an error document.
    fn enter(&mut self, name: &str) -> Option<()> {
        let root_fits = !self.0.is_empty() || matches!(name, "Error" | "ErrorResponse");
        if !root_fits || self.0.len() == MAX_DEPTH {
            return None;
        }
        self.0.push(name.to_owned());
        Some(())
    }

    fn leave(&mut self) {
        self.0.pop();
    }

    fn is_error(&self) -> bool {
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        matches!(names[..], ["Error"] | ["ErrorResponse", "Error"])
    }

    fn append(&self, document: Option<&mut Document>, text: &str) {
        let Some(document) = document else { return };
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        let field = match names[..] {
            ["Error", name] | ["ErrorResponse", "Error", name] => name,
            // Where services other than S3 put it.
            ["ErrorResponse", "RequestId"] => "RequestId",
            _ => return,
        };
        let field = match field {
            "Code" => &mut document.code,
            "Message" => &mut document.message,
            "RequestId" => &mut document.request_id,
            "Region" => &mut document.region,
            _ => return,
        };
        let room = MAX_FIELD.saturating_sub(field.len());
        field.push_str(&text[..text.floor_char_boundary(room)]);
    }
}

fn resolve(entity: &BytesRef<'_>) -> Option<char> {
    match &**entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => entity.resolve_char_ref().ok().flatten(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const WHOLE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Code>NoSuchBucket</Code>\
        <Message>a &lt; b &#x26; <![CDATA[<c>]]></Message><Resource>/x</Resource>\
        <Region>eu-west-1</Region><RequestId>4442587FB7D0A2F9</RequestId></Error>";

    #[test]
    fn a_whole_document_is_read() {
        let document = parse(WHOLE.as_bytes()).unwrap();
        assert_eq!(document.code, "NoSuchBucket");
        assert_eq!(document.message, "a < b & <c>");
        assert_eq!(document.region, "eu-west-1");
        assert_eq!(document.request_id, "4442587FB7D0A2F9");
    }

    #[test]
    fn white_space_before_the_document_is_no_obstacle() {
        let body = format!("  \n\n{WHOLE}");
        assert_eq!(parse(body.as_bytes()), parse(WHOLE.as_bytes()));
    }

    #[test]
    fn a_truncated_document_keeps_what_came_before() {
        let cut = WHOLE.find("</Message>").unwrap();
        let document = parse(&WHOLE.as_bytes()[..cut]).unwrap();
        assert_eq!(document.code, "NoSuchBucket");
        assert_eq!(document.region, "");
    }

    #[test]
    fn the_document_of_other_services_is_read() {
        let body = b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error>\
            <RequestId>r-1</RequestId></ErrorResponse>";
        let document = parse(body).unwrap();
        assert_eq!(
            (&*document.code, &*document.request_id),
            ("Throttling", "r-1")
        );
    }

    #[test]
    fn what_is_not_an_error_document_is_none() {
        for body in [
            "",
            "   ",
            "null",
            "<html><body><Error><Code>X</Code></Error></body></html>",
            "<!DOCTYPE html><html></html>",
            "<Other><Error/></Other>",
            "{\"message\":\"x\"}",
        ] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn entity_bombs_and_external_entities_are_refused() {
        let bomb = "<!DOCTYPE Error [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\
            <Error><Code>&b;</Code></Error>";
        let external = "<!DOCTYPE Error [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\
            <Error><Code>&x;</Code></Error>";
        let undefined = "<Error><Code>&x;</Code></Error>";
        for body in [bomb, external, undefined] {
            assert_eq!(parse(body.as_bytes()), None);
        }
    }

    #[test]
    fn deep_nesting_and_endless_fields_are_bounded() {
        assert_eq!(parse("<Error>".repeat(100_000).as_bytes()), None);
        let body = format!("<Error><Code>{}</Code></Error>", "ä".repeat(50_000));
        assert!(parse(body.as_bytes()).unwrap().code.len() <= MAX_FIELD);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
            drop(parse(&body));
        }

        #[test]
        fn damaged_documents_never_make_it_panic(
            cut in 0..WHOLE.len(),
            flips in prop::collection::vec((0..WHOLE.len(), any::<u8>()), 0..8),
        ) {
            let mut body = WHOLE.as_bytes().to_vec();
            for (at, byte) in flips {
                body[at] = byte;
            }
            body.truncate(cut);
            if let Some(document) = parse(&body) {
                prop_assert!(document.message.len() <= MAX_FIELD);
            }
        }
    }
}
