//! Which version of a file.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use rustix::fs::Stat;

/// Which version of a file: its inode number, size, and times of modification and change.
///
/// Its text is the same as that of a [`sealift_payload::Fingerprint`], and is meant to be kept: two
/// equal ones at the same path mean the same bytes, today and after a restart. The device's number is
/// left out, since it can change when the machine starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    inode: u64,
    size: u64,
    modified: i128,
    changed: i128,
}

impl Fingerprint {
    /// The file's size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When the contents were last written (`st_mtime`), in nanoseconds since 1970.
    pub fn modified(&self) -> i128 {
        self.modified
    }
}

impl From<&sealift_payload::Fingerprint> for Fingerprint {
    fn from(file: &sealift_payload::Fingerprint) -> Self {
        Self {
            inode: file.inode,
            size: file.size,
            modified: file.modified,
            changed: file.changed,
        }
    }
}

impl From<&Stat> for Fingerprint {
    fn from(stat: &Stat) -> Self {
        Self::from(&sealift_payload::Fingerprint::from(stat))
    }
}

impl Display for Fingerprint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            inode,
            size,
            modified,
            changed,
        } = self;
        write!(f, "{inode:x}-{size:x}-{modified:x}-{changed:x}")
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(FingerprintError);
        let fingerprint = Self {
            inode: number(next()?)?,
            size: number(next()?)?,
            modified: time(next()?)?,
            changed: time(next()?)?,
        };
        match parts.next() {
            None => Ok(fingerprint),
            Some(_) => Err(FingerprintError),
        }
    }
}

fn number(text: &str) -> Result<u64, FingerprintError> {
    u64::from_str_radix(text, 16).map_err(|_| FingerprintError)
}

/// A time before 1970 is written as its two's complement, as `{:x}` does.
fn time(text: &str) -> Result<i128, FingerprintError> {
    let bits = u128::from_str_radix(text, 16).map_err(|_| FingerprintError)?;
    Ok(bits.cast_signed())
}

/// Not the text of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is four hexadecimal numbers with `-` between them")]
pub struct FingerprintError;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_text_is_the_payloads_and_parses_to_the_same(
            inode: u64, size: u64, modified: i128, changed: i128
        ) {
            let payload = sealift_payload::Fingerprint {
                device: 7, inode, size, modified, changed, linked: true,
            };
            let fingerprint = Fingerprint::from(&payload);
            prop_assert_eq!(fingerprint.to_string(), payload.to_string());
            prop_assert_eq!(payload.to_string().parse(), Ok(fingerprint));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9a-f-]{0,40}|.*") {
            let _: Result<Fingerprint, _> = text.parse();
        }
    }

    #[test]
    fn what_has_more_or_fewer_parts_is_no_fingerprint() {
        for text in ["", "1-2-3", "1-2-3-4-5", "1-2-3-x", "1--2-3"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }
}
