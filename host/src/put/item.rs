//! Objects to be made, and what will not become one.

use std::fmt;
use std::path::PathBuf;

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

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&crate::report::line(&path.to_string_lossy())),
            Self::Stdin => f.write_str("-"),
        }
    }
}
