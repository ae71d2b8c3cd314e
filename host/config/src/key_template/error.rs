//! Why there is no template, or no key.

use std::path::PathBuf;

use super::{KeyField, ObjectKey};
use crate::UnknownKeyword;

/// Not a template of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyTemplateError {
    /// A `{` without its `}`.
    #[error("a `{{` has no `}}`; write `{{{{` for the brace itself")]
    Unclosed,
    /// A `}` without its `{`.
    #[error("a `}}` has no `{{`; write `}}}}` for the brace itself")]
    Unopened,
    /// Between braces stands no field.
    #[error("unknown field: {0}")]
    Field(#[from] UnknownKeyword),
    /// A slash at the beginning, or two in a row.
    #[error("a key must not begin with `/` or have `//` in it")]
    EmptySegment,
    /// A segment `.` or `..`.
    #[error("a key must not have `.` or `..` between slashes")]
    Climbs,
    /// No key of it could be short enough.
    #[error(
        "the template alone is longer than a key can be, {} bytes",
        ObjectKey::LONGEST
    )]
    TooLong,
    /// Nothing in it tells files apart.
    #[error(
        "every file would get the same key; use {{path}}, {{name}}, {{stem}}, {{hash}} or {{counter}}"
    )]
    OneForAll,
}

/// Why a file has no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectKeyError {
    /// Keys are UTF-8; the names of files can be any bytes.
    #[error("the name of {} is not UTF-8 and cannot be part of a key; rename the file", .path.display())]
    NotUtf8 {
        /// The file, below its folder.
        path: PathBuf,
    },
    /// The path is not one below a folder.
    #[error("{} is no path below a folder", .path.display())]
    NotBelow {
        /// The path.
        path: PathBuf,
    },
    /// The template asks for something that is not known.
    #[error("the template has {{{field}}}, of which there is no value here")]
    Missing {
        /// What.
        field: KeyField,
    },
    /// A value that must be one segment has a slash.
    #[error("the value of {{{field}}}, `{value}`, has a slash")]
    Slash {
        /// Of what.
        field: KeyField,
        /// The value.
        value: String,
    },
    /// The file's time has no date that can be written with four digits of the year.
    #[error("the file's time of modification is not within the years 0 to 9999; set it with touch")]
    Date,
    /// A segment is `.` or `..`.
    #[error("the key `{}` would have `.` or `..` between slashes", .key.escape_debug())]
    Climbs {
        /// The key that was refused.
        key: String,
    },
    /// Nothing is left.
    #[error("the key would be empty")]
    Empty,
    /// More than S3 takes.
    #[error(
        "the key would have {length} bytes; S3 takes at most {}",
        ObjectKey::LONGEST
    )]
    TooLong {
        /// In bytes of UTF-8.
        length: usize,
    },
}
