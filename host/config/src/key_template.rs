//! Keys of objects, made of the files they come from.

mod error;
mod values;

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

pub use error::{KeyTemplateError, ObjectKeyError};
pub use values::KeyValues;

/// A template of keys, such as `{thing}/{date}/{path}`.
///
/// What stands in braces is a [`KeyField`]; `{{` and `}}` stand for the braces themselves. A
/// template that is empty or ends in `/` is a prefix: `{path}` is added to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTemplate(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Field(KeyField),
}

keyword! {
    /// What a template can take from a file and its device. Parts of dates are those of the time
    /// when the file was last written, in UTC.
    KeyField {
        /// The name of the AWS IoT thing.
        Thing = "thing",
        /// The name of the host.
        Host = "host",
        /// The file's path below the watched folder, with its slashes.
        Path = "path",
        /// The directory in that path; nothing for a file in the folder itself.
        Dir = "dir",
        /// The file's name.
        Name = "name",
        /// The name without its extension.
        Stem = "stem",
        /// The extension without its dot; nothing for a name that has none.
        Ext = "ext",
        /// `2026-11-27`.
        Date = "date",
        /// `2026`.
        Year = "year",
        /// `11`.
        Month = "month",
        /// `27`.
        Day = "day",
        /// `00` to `23`.
        Hour = "hour",
        /// `00` to `59`.
        Minute = "minute",
        /// `00` to `59`.
        Second = "second",
        /// The SHA-256 of the contents, in hexadecimal.
        Hash = "hash",
        /// A number that grows with every file, for as long as the device keeps its state.
        Counter = "counter",
    }
}

impl KeyField {
    /// Whether two files of a folder usually differ in it.
    fn tells_files_apart(self) -> bool {
        matches!(
            self,
            Self::Path | Self::Name | Self::Stem | Self::Hash | Self::Counter
        )
    }
}

/// The key of an object: 1 to 1024 bytes of UTF-8 without a segment `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// S3's limit, in bytes of UTF-8 ("Naming Amazon S3 objects", Amazon S3 user guide).
    pub const LONGEST: usize = 1024;

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn new(key: String) -> Result<Self, ObjectKeyError> {
        // Programs that bring objects back to a file system would leave their directory.
        if key.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(ObjectKeyError::Climbs { key });
        }
        match key.len() {
            0 => Err(ObjectKeyError::Empty),
            1..=Self::LONGEST => Ok(Self(key)),
            length => Err(ObjectKeyError::TooLong { length }),
        }
    }
}

impl Display for ObjectKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeyTemplate {
    /// Whether the template has this field, so that the costly ones are worked out only where they
    /// are asked for.
    pub fn uses(&self, field: KeyField) -> bool {
        self.0.contains(&Piece::Field(field))
    }

    /// The key of one file. A slash that an empty value leaves without a segment before or behind
    /// it is left out: `{dir}/{name}` of a file in the folder itself is its name.
    pub fn render(&self, values: &KeyValues<'_>) -> Result<ObjectKey, ObjectKeyError> {
        let mut key = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) if key.is_empty() || key.ends_with('/') => {
                    key.push_str(text.strip_prefix('/').unwrap_or(text));
                }
                Piece::Literal(text) => key.push_str(text),
                Piece::Field(field) => key.push_str(&values.text(*field)?),
            }
        }
        let whole = key.trim_end_matches('/').len();
        key.truncate(whole);
        ObjectKey::new(key)
    }

    fn check(self) -> Result<Self, KeyTemplateError> {
        let mut shape = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => shape.push_str(text),
                // Stands for a value: some character that is neither a slash nor a dot.
                Piece::Field(_) => shape.push('*'),
            }
        }
        if shape.starts_with('/') || shape.contains("//") {
            return Err(KeyTemplateError::EmptySegment);
        }
        if shape
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
        {
            return Err(KeyTemplateError::Climbs);
        }
        if shape.len() > ObjectKey::LONGEST {
            return Err(KeyTemplateError::TooLong);
        }
        let differs =
            |piece: &Piece| matches!(piece, Piece::Field(field) if field.tells_files_apart());
        if !self.0.iter().any(differs) {
            return Err(KeyTemplateError::OneForAll);
        }
        Ok(self)
    }
}

impl FromStr for KeyTemplate {
    type Err = KeyTemplateError;

    fn from_str(text: &str) -> Result<Self, KeyTemplateError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            literal.push_str(&rest[..place]);
            let brace = &rest[place..];
            if let Some(after) = brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(inside) = brace.strip_prefix('{') {
                let (name, after) = inside.split_once('}').ok_or(KeyTemplateError::Unclosed)?;
                flush(&mut literal, &mut pieces);
                pieces.push(Piece::Field(name.parse()?));
                rest = after;
            } else {
                return Err(KeyTemplateError::Unopened);
            }
        }
        literal.push_str(rest);
        let is_prefix = text.is_empty() || literal.ends_with('/');
        flush(&mut literal, &mut pieces);
        if is_prefix {
            pieces.push(Piece::Field(KeyField::Path));
        }
        Self(pieces).check()
    }
}

fn flush(literal: &mut String, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

/// Shows the template so that parsing gives the same one again.
impl Display for KeyTemplate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Literal(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}")),
            Piece::Field(field) => write!(f, "{{{field}}}"),
        })
    }
}

#[cfg(test)]
mod tests;
