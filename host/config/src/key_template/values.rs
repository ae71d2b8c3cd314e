//! What a template is filled with.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::{Component, Path};
use std::time::{SystemTime, UNIX_EPOCH};

use time::UtcDateTime;

use super::{KeyField, ObjectKeyError};
use crate::ThingName;

/// One file and its device, as a [`KeyTemplate`](super::KeyTemplate) sees them.
#[derive(Clone, Copy, Debug)]
pub struct KeyValues<'v> {
    /// The device's thing, if it has one.
    pub thing: Option<&'v ThingName>,
    /// The host's name, without slashes.
    pub host: &'v str,
    /// The file's path, relative to the watched folder.
    pub path: &'v Path,
    /// When the file was last written (`st_mtime`).
    pub modified: SystemTime,
    /// The SHA-256 of the contents; needed only by templates that use [`KeyField::Hash`].
    pub hash: Option<&'v [u8; 32]>,
    /// The file's number; needed only by templates that use [`KeyField::Counter`].
    pub counter: Option<u64>,
}

impl KeyValues<'_> {
    pub(super) fn text(&self, field: KeyField) -> Result<Cow<'_, str>, ObjectKeyError> {
        let missing = ObjectKeyError::Missing { field };
        match field {
            KeyField::Thing => Ok(self.thing.ok_or(missing)?.as_str().into()),
            KeyField::Host if self.host.contains('/') => Err(ObjectKeyError::Slash {
                field,
                value: self.host.to_owned(),
            }),
            KeyField::Host => Ok(self.host.into()),
            KeyField::Path => self.segments(self.path),
            KeyField::Dir => self.segments(self.path.parent().unwrap_or(Path::new(""))),
            KeyField::Name => self.utf8(self.path.file_name()),
            KeyField::Stem => self.utf8(self.path.file_stem()),
            KeyField::Ext => self.utf8(self.path.extension()),
            KeyField::Date => {
                let date = self.date()?;
                let month = u8::from(date.month());
                Ok(format!("{:04}-{month:02}-{:02}", date.year(), date.day()).into())
            }
            KeyField::Year => Ok(format!("{:04}", self.date()?.year()).into()),
            KeyField::Month => Ok(two_digits(u8::from(self.date()?.month()))),
            KeyField::Day => Ok(two_digits(self.date()?.day())),
            KeyField::Hour => Ok(two_digits(self.date()?.hour())),
            KeyField::Minute => Ok(two_digits(self.date()?.minute())),
            KeyField::Second => Ok(two_digits(self.date()?.second())),
            KeyField::Hash => Ok(hexadecimal(self.hash.ok_or(missing)?).into()),
            KeyField::Counter => Ok(self.counter.ok_or(missing)?.to_string().into()),
        }
    }

    /// The names in a path, with a slash between each two.
    fn segments(&self, path: &Path) -> Result<Cow<'_, str>, ObjectKeyError> {
        let mut text = String::new();
        for component in path.components() {
            let Component::Normal(name) = component else {
                return Err(ObjectKeyError::NotBelow {
                    path: self.path.to_owned(),
                });
            };
            if !text.is_empty() {
                text.push('/');
            }
            text.push_str(&self.utf8(Some(name))?);
        }
        Ok(text.into())
    }

    fn utf8<'n>(&self, name: Option<&'n std::ffi::OsStr>) -> Result<Cow<'n, str>, ObjectKeyError> {
        let name = name.unwrap_or_default().to_str();
        let name = name.ok_or_else(|| ObjectKeyError::NotUtf8 {
            path: self.path.to_owned(),
        })?;
        Ok(name.into())
    }

    fn date(&self) -> Result<UtcDateTime, ObjectKeyError> {
        let seconds = match self.modified.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).ok(),
            // A fraction of a second before a full one belongs to the second that it is in.
            Err(before) => {
                let before = before.duration();
                let whole = before.as_secs() + u64::from(before.subsec_nanos() > 0);
                i64::try_from(whole).ok().map(|whole| -whole)
            }
        };
        seconds
            .and_then(|seconds| UtcDateTime::from_unix_timestamp(seconds).ok())
            .filter(|date| (0..=9999).contains(&date.year()))
            .ok_or(ObjectKeyError::Date)
    }
}

fn two_digits(number: u8) -> Cow<'static, str> {
    format!("{number:02}").into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
