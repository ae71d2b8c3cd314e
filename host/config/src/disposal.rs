//! What becomes of a file once it is uploaded.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::str::FromStr;

use crate::suggestion::nearest;

/// What becomes of a file once the host itself saw it stored: `keep`, `delete` or `move:DIR`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Disposal {
    /// It stays where it is.
    Keep,
    /// It is deleted.
    Delete,
    /// It is moved below this directory, to the same path as below its folder.
    Move(PathBuf),
}

impl FromStr for Disposal {
    type Err = DisposalError;

    fn from_str(text: &str) -> Result<Self, DisposalError> {
        match (text, text.strip_prefix("move:")) {
            ("keep", _) => Ok(Self::Keep),
            ("delete", _) => Ok(Self::Delete),
            (_, Some("")) | ("move", _) => Err(DisposalError::NoDirectory),
            (_, Some(directory)) => Ok(Self::Move(directory.into())),
            _ => Err(DisposalError::Unknown {
                found: text.escape_debug().to_string(),
            }),
        }
    }
}

impl Display for Disposal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("keep"),
            Self::Delete => f.write_str("delete"),
            Self::Move(directory) => write!(f, "move:{}", directory.display()),
        }
    }
}

/// Not something that can become of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisposalError {
    /// `move` without a directory.
    #[error("name the directory: move:DIR")]
    NoDirectory,
    /// None of the words.
    #[error("`{found}` is none of keep, delete, move:DIR{}", did_you_mean(found))]
    Unknown {
        /// What was found instead.
        found: String,
    },
}

fn did_you_mean(found: &str) -> String {
    let word = found.split(':').next().unwrap_or(found);
    nearest(word, ["keep", "delete", "move"])
        .map(|word| format!("; did you mean `{word}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Disposal, DisposalError};

    #[test]
    fn every_disposal_is_read_and_shown() {
        for (text, disposal) in [
            ("keep", Disposal::Keep),
            ("delete", Disposal::Delete),
            ("move:/a b/c", Disposal::Move("/a b/c".into())),
        ] {
            assert_eq!(text.parse(), Ok(disposal.clone()));
            assert_eq!(disposal.to_string(), text);
        }
    }

    #[test]
    fn a_move_needs_a_directory_and_a_misspelt_word_gets_a_suggestion() {
        for text in ["move", "move:"] {
            let parsed: Result<Disposal, _> = text.parse();
            assert_eq!(parsed, Err(DisposalError::NoDirectory));
        }
        let error = "deleet".parse::<Disposal>().map_err(|e| e.to_string());
        let told = "`deleet` is none of keep, delete, move:DIR; did you mean `delete`?";
        assert_eq!(error, Err(told.to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_disposal(text in "(keep|delete|move|move:)?.{0,9}") {
            if let Ok(disposal) = text.parse::<Disposal>() {
                prop_assert_eq!(disposal.to_string().parse(), Ok(disposal));
            }
        }
    }
}
