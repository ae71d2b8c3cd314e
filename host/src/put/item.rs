//! Objects to be made, and what will not become one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealift_payload::Source;

use super::EntryError;

/// Where the bytes of an object come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input, written as `-`.
    Stdin,
}

/// One object to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its bytes.
    pub input: Input,
    /// Its key.
    pub key: String,
    /// How many bytes its file had when it was found; none for standard input.
    pub size: Option<u64>,
    /// The directory below which its file was found, without links; none where it was named.
    pub within: Option<Arc<Path>>,
}

/// Something below a directory that will not become an object.
#[derive(Debug)]
pub struct LeftOut {
    /// What was found.
    pub path: PathBuf,
    /// The key that it would have had, if its name can be one.
    pub key: Option<String>,
    /// Why it is left out.
    pub reason: EntryError,
}

impl Item {
    /// Whether its file, opened now, is still in the directory below which it was found. It may be
    /// hours since: whoever can write there can have put a link in its place, or in that of a
    /// directory above it.
    pub fn confirm(&self, source: &Source) -> Result<(), EntryError> {
        let (Input::File(path), Some(within)) = (&self.input, &self.within) else {
            return Ok(());
        };
        match source.place() {
            Ok(place) if place.starts_with(within) => Ok(()),
            Ok(target) => Err(EntryError::LeadsOut {
                path: path.clone(),
                target,
            }),
            Err(source) => Err(EntryError::Unreadable {
                path: path.clone(),
                source,
            }),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&crate::report::line(&path.to_string_lossy())),
            Self::Stdin => f.write_str("-"),
        }
    }
}
