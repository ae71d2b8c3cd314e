//! Texts for people, from whoever knows what happened.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// A text from a component, a server or the system, for people and not for parsing: at most
/// [`Note::LONGEST`] bytes, on one line, and with no character that drives a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Note(String);

impl Note {
    /// No note is longer, in bytes; the rest is left out.
    pub const LONGEST: usize = 256;
}

impl From<&str> for Note {
    fn from(text: &str) -> Self {
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        let mut note = String::new();
        for character in text.trim().chars().map(shown) {
            if note.len() + character.len_utf8() > Self::LONGEST {
                break;
            }
            note.push(character);
        }
        Self(note)
    }
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_note_is_short_and_drives_no_terminal(text in ".{0,400}|[\\x00-\\x1f\u{80}-\u{9f}]{0,300}") {
            let note = Note::from(text.as_str()).to_string();
            prop_assert!(note.len() <= Note::LONGEST);
            prop_assert!(!note.chars().any(char::is_control));
        }
    }
}
