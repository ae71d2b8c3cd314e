//! The `<Error>` document, read from whatever a server or something in front of it sent.

use super::xml::{self, Element};

/// The fields of an error document that are used ("Error responses", Amazon S3 API Reference).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) request_id: String,
    pub(super) region: String,
}

/// Reads the error document in `body`, if there is one, whole or not.
pub(super) fn parse(body: &[u8]) -> Option<Document> {
    let root = xml::parse(body)?.root;
    let error = match root.name() {
        "Error" => &root,
        "ErrorResponse" => root.child("Error")?,
        _ => return None,
    };
    let text = |element: &Element, name| element.field(name).unwrap_or_default().to_owned();
    let request_id = error
        .field("RequestId")
        // Where services other than S3 put it.
        .or_else(|| root.field("RequestId"));
    Some(Document {
        code: text(error, "Code"),
        message: text(error, "Message"),
        request_id: request_id.unwrap_or_default().to_owned(),
        region: text(error, "Region"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::s3::xml::MAX_TEXT;

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

    proptest! {
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
                prop_assert!(document.message.len() <= MAX_TEXT);
            }
        }
    }
}
