//! Texts of others, cut to a size.

/// The longest [`Failure`], in bytes.
pub const LONGEST_FAILURE: usize = 2048;
/// The longest kind of a failure, in bytes.
pub const LONGEST_KIND: usize = 64;
/// The longest [`Receipt`], in bytes.
pub const LONGEST_RECEIPT: usize = 2048;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: String,
    message: String,
}

/// What the store said of the object: its `ETag`, its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(String);

impl Failure {
    /// A failure of a kind, which is one of a few words that programs know, with a message for people.
    /// What is over [`LONGEST_KIND`] and [`LONGEST_FAILURE`] is cut off.
    pub fn new(kind: &str, message: &str) -> Self {
        Self {
            kind: cut(kind, LONGEST_KIND),
            message: cut(message, LONGEST_FAILURE),
        }
    }

    /// The word.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl Receipt {
    /// A receipt; what is over [`LONGEST_RECEIPT`] is cut off.
    pub fn new(text: &str) -> Self {
        Self(cut(text, LONGEST_RECEIPT))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// At most `limit` bytes of a text, with an ellipsis if that is not all.
fn cut(text: &str, limit: usize) -> String {
    const ELLIPSIS: &str = "…";
    // SQLite's own functions take a zero byte for the end.
    let text = text.replace('\0', "\u{fffd}");
    if text.len() <= limit {
        return text;
    }
    let end = text.floor_char_boundary(limit - ELLIPSIS.len());
    [&text[..end], ELLIPSIS].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_cut_between_characters(text in ".*", limit in 3..40_usize) {
            let short = cut(&text, limit);
            prop_assert!(short.len() <= limit);
            let whole = text.replace('\0', "\u{fffd}");
            prop_assert!(short == whole || short.ends_with('…'));
        }
    }

    #[test]
    fn what_fits_is_left_alone() {
        let longest = "x".repeat(LONGEST_FAILURE);
        assert_eq!(Failure::new("network", &longest).message(), longest);
        let longer = Failure::new("network", &"x".repeat(LONGEST_FAILURE + 1));
        assert_eq!(longer.message().len(), LONGEST_FAILURE);
        assert!(longer.message().ends_with("x…"));
    }
}
