//! What becomes of a source once it is uploaded.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::InvalidTask;
use crate::task::absolute;

/// What becomes of a file once its bytes are confirmed: `keep`, `delete` or `move:DIR`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Disposal {
    /// It stays.
    Keep,
    /// It is deleted.
    Delete,
    /// It is moved into this directory.
    Move(MoveTo),
}

/// The absolute path of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MoveTo(PathBuf);

impl Disposal {
    /// Into this directory.
    pub fn move_to(directory: PathBuf) -> Result<Self, InvalidTask> {
        absolute("directory to move to", &directory)?;
        Ok(Self::Move(MoveTo(directory)))
    }

    /// Reads `keep`, `delete` or `move:DIR`. The directory need not be UTF-8.
    pub fn parse(text: &OsStr) -> Result<Self, InvalidTask> {
        match text.as_bytes() {
            b"keep" => Ok(Self::Keep),
            b"delete" => Ok(Self::Delete),
            other => match other.strip_prefix(MOVE) {
                Some(directory) => Self::move_to(OsStr::from_bytes(directory).into()),
                None => Err(InvalidTask::UnknownDisposal {
                    text: text.to_string_lossy().into_owned(),
                }),
            },
        }
    }

    /// What [`Disposal::parse`] reads.
    pub fn to_text(&self) -> OsString {
        match self {
            Self::Keep => "keep".into(),
            Self::Delete => "delete".into(),
            Self::Move(MoveTo(directory)) => {
                OsString::from_vec([MOVE, directory.as_os_str().as_bytes()].concat())
            }
        }
    }
}

const MOVE: &[u8] = b"move:";

impl MoveTo {
    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

/// For people: a directory that is not UTF-8 is shown as well as it goes.
impl fmt::Display for Disposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text().to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(directory in proptest::collection::vec(1..=u8::MAX, 0..64)) {
            let directory = [b"/", &*directory].concat();
            let disposal = Disposal::move_to(OsString::from_vec(directory).into()).unwrap();
            prop_assert_eq!(Disposal::parse(&disposal.to_text()).unwrap(), disposal);
        }

        #[test]
        fn any_text_is_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..16)) {
            if let Ok(disposal) = Disposal::parse(OsStr::from_bytes(&text)) {
                let written = disposal.to_text();
                prop_assert_eq!(written.as_bytes(), &*text);
            }
        }
    }

    #[test]
    fn the_words_are_stable() {
        let parse = |text: &str| Disposal::parse(OsStr::new(text));
        assert_eq!(parse("keep"), Ok(Disposal::Keep));
        assert_eq!(parse("delete"), Ok(Disposal::Delete));
        assert_eq!(parse("move:/a/b"), Disposal::move_to("/a/b".into()));
        assert_eq!(parse("move:/a/b").unwrap().to_string(), "move:/a/b");
        assert!(matches!(parse("move:a"), Err(InvalidTask::Relative { .. })));
        assert!(matches!(parse("move:"), Err(InvalidTask::Empty { .. })));
        for other in ["", "Keep", "keep ", "shred"] {
            assert!(
                matches!(parse(other), Err(InvalidTask::UnknownDisposal { .. })),
                "{other}"
            );
        }
    }
}
