//! A small XML reader for answers of a store, or of whatever stands in front of it.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// How much of one element's text is kept, in bytes. The longest of S3 is a key of 1024 bytes,
/// percent-encoded.
pub(super) const MAX_TEXT: usize = 4 * 1024;
/// How deep elements may be nested.
const MAX_DEPTH: usize = 16;
/// How many elements a document may have: 1000 parts of a dozen each, and some.
const MAX_ELEMENTS: usize = 20_000;

/// A document, or what there is of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document {
    /// The outermost element.
    pub(super) root: Element,
    /// Whether nothing broke off, was cut or came after the end.
    pub(super) whole: bool,
}

/// An element, without attributes and prefixes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The name, without a prefix.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub(super) fn children(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of this name that has any.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let text = self.child(name)?.text.trim();
        (!text.is_empty()).then_some(text)
    }
}

/// Reads the document in `body`, if there is one.
///
/// Reading is forgiving: what a truncated document had before it broke is kept. It is also
/// inert: no document type, no entities but the five that XML itself defines, bounded depth
/// and size.
pub(super) fn parse(body: &[u8]) -> Option<Document> {
    let text = String::from_utf8_lossy(body);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::new(matches!(text, Cow::Borrowed(_)));
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => tree.open(start.local_name().as_ref())?,
            Ok(Event::End(_)) => tree.close(),
            Ok(Event::Text(text)) => tree.append(&text),
            Ok(Event::CData(text)) => tree.append(&text),
            Ok(Event::GeneralRef(entity)) => {
                let mut buffer = [0; 4];
                tree.append(resolve(&entity)?.encode_utf8(&mut buffer));
            }
            Ok(Event::DocType(_)) => return None,
            Ok(Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => {}
            Ok(Event::Eof) => return tree.finish(),
            // A document that breaks off is still worth what came before.
            Err(_) => {
                tree.whole = false;
                return tree.finish();
            }
        }
    }
}

/// A document under construction.
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    whole: bool,
}

impl Tree {
    fn new(whole: bool) -> Self {
        Self {
            open: Vec::new(),
            root: None,
            elements: 0,
            whole,
        }
    }

    /// Nothing once the document is deeper or larger than any that is meant for us.
    fn open(&mut self, name: &str) -> Option<()> {
        self.elements += 1;
        if self.open.len() == MAX_DEPTH || self.elements > MAX_ELEMENTS {
            return None;
        }
        self.open.push(Element {
            name: name.to_owned(),
            ..Element::default()
        });
        Some(())
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        match (self.open.last_mut(), &self.root) {
            (Some(parent), _) => parent.children.push(element),
            (None, None) => self.root = Some(element),
            (None, Some(_)) => self.whole = false,
        }
    }

    fn append(&mut self, text: &str) {
        let Some(element) = self.open.last_mut() else {
            self.whole &= text.trim().is_empty();
            return;
        };
        let room = MAX_TEXT.saturating_sub(element.text.len());
        let kept = &text[..text.floor_char_boundary(room)];
        self.whole &= kept.len() == text.len();
        element.text.push_str(kept);
    }

    fn finish(mut self) -> Option<Document> {
        self.whole &= self.open.is_empty();
        while !self.open.is_empty() {
            self.close();
        }
        let whole = self.whole;
        self.root.map(|root| Document { root, whole })
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

    const WHOLE: &str = "<?xml version=\"1.0\"?>\n<A xmlns=\"x\"><B>1 &lt;<![CDATA[<2>]]></B>\
        <C><D/></C><B> 3 </B></A>\n";

    #[test]
    fn elements_texts_and_their_order_are_kept() {
        let document = parse(WHOLE.as_bytes()).unwrap();
        assert!(document.whole);
        let root = &document.root;
        assert_eq!(root.name(), "A");
        assert_eq!(root.field("B"), Some("1 <<2>"));
        let texts: Vec<_> = root.children("B").map(|child| &*child.text).collect();
        assert_eq!(texts, ["1 <<2>", " 3 "]);
        assert!(root.child("C").unwrap().child("D").is_some());
        assert_eq!(root.field("C"), None);
    }

    #[test]
    fn white_space_before_the_document_is_no_obstacle() {
        let body = format!("\u{feff}  \n\n{WHOLE}");
        assert_eq!(parse(body.as_bytes()), parse(WHOLE.as_bytes()));
    }

    #[test]
    fn what_is_not_whole_is_known_as_such() {
        for body in [
            "<A><B>1</B>",
            "<A><B>1",
            "<A><B>1</A>",
            "<A><B>1</B></A><C/>",
            "<A><B>1</B></A>x",
        ] {
            let document = parse(body.as_bytes()).unwrap();
            assert_eq!(document.root.name(), "A", "{body}");
            assert_eq!(document.root.field("B"), Some("1"), "{body}");
            assert!(!document.whole, "{body}");
        }
        assert!(!parse(b"<A><B>1\xff</B></A>").unwrap().whole);
    }

    #[test]
    fn entity_bombs_and_external_entities_are_refused() {
        let bomb = "<!DOCTYPE A [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><A>&b;</A>";
        let external = "<!DOCTYPE A [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><A>&x;</A>";
        for body in [bomb, external, "<A>&x;</A>"] {
            assert_eq!(parse(body.as_bytes()), None);
        }
    }

    #[test]
    fn depth_number_and_length_are_bounded() {
        assert_eq!(parse("<A>".repeat(MAX_DEPTH + 1).as_bytes()), None);
        let many = format!("<A>{}</A>", "<B/>".repeat(MAX_ELEMENTS));
        assert_eq!(parse(many.as_bytes()), None);
        let long = format!("<A>{}</A>", "ä".repeat(MAX_TEXT));
        let document = parse(long.as_bytes()).unwrap();
        assert!(document.root.text.len() <= MAX_TEXT);
        assert!(!document.whole);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
            drop(parse(&body));
        }

        #[test]
        fn no_cut_document_is_whole(cut in 0..WHOLE.len() - 1) {
            let cut = parse(&WHOLE.as_bytes()[..cut]);
            prop_assert!(cut.is_none_or(|document| !document.whole));
        }
    }
}
