//! Texts out of answers in XML.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// The text of the first element with this name.
pub(crate) fn text(document: &str, element: &str) -> Option<String> {
    let mut reader = Reader::from_str(document);
    let mut inside = false;
    let mut found = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.local_name().as_ref() == element => inside = true,
            Event::End(end) if inside && end.local_name().as_ref() == element => {
                return Some(found);
            }
            Event::Text(text) if inside => found.push_str(&text),
            Event::GeneralRef(reference) if inside => found.push(character(&reference)?),
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn character(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_element_is_found_whole() {
        let document = "<a xmlns=\"n\"><b>1 &lt; 2 &#x26; 3</b><b>no</b><c/></a>";
        assert_eq!(text(document, "b").as_deref(), Some("1 < 2 & 3"));
        assert_eq!(text(document, "d"), None);
        assert_eq!(text("<a><b>cut", "b"), None);
        assert_eq!(text("not xml", "b"), None);
    }
}
