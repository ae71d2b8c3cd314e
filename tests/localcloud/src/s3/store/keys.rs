//! From object keys to file names, and never two keys to one.
//!
//! A key is any text of up to 1,024 bytes; a path is not. A key that reads as
//! a plain relative path is stored under just that path. Any other is escaped
//! below a directory that no plain key may enter, so the two kinds cannot meet.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Where the bytes of an object lie. Which of the two it is depends on what
/// else is stored: `a/b` needs a directory `a`, so a key `a` beside it is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    /// Under the key itself.
    Plain,
    /// Under [`ESCAPED`].
    Escaped,
}

impl Place {
    /// The path below the bucket's directory.
    pub(super) fn path(self, key: &str) -> PathBuf {
        match self {
            Self::Plain => PathBuf::from(key),
            Self::Escaped => escaped(key),
        }
    }
}

/// The directory of escaped keys; reserved as the first segment of plain ones.
const ESCAPED: &str = ".escaped";
/// Linux's limit for one file name, `NAME_MAX`.
const MAX_SEGMENT_BYTES: usize = 255;
/// Escaped keys are cut into names of this many bytes.
const PIECE_BYTES: usize = 200;

/// Whether a key can be a path below a bucket's directory as it stands.
pub(super) fn is_plain(key: &str) -> bool {
    !key.chars().any(char::is_control)
        && key.split('/').next() != Some(ESCAPED)
        && key.split('/').all(|segment| {
            !matches!(segment, "" | "." | "..") && segment.len() <= MAX_SEGMENT_BYTES
        })
}

/// The name of a key's metadata file.
pub(super) fn digest(key: &str) -> String {
    Sha256::digest(key.as_bytes())
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Percent-encodes a key and cuts it into names: directories end in `+`, the
/// file does not, and `+` itself is always encoded. So the pieces put together
/// give back the key, and no key's file is another key's directory.
fn escaped(key: &str) -> PathBuf {
    let mut text = String::new();
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    let mut path = PathBuf::from(ESCAPED);
    let mut rest = text.as_str();
    while rest.len() > PIECE_BYTES {
        // Only ASCII is left, so every index is between two characters.
        let (piece, after) = rest.split_at(PIECE_BYTES);
        path.push(format!("{piece}+"));
        rest = after;
    }
    path.push(Path::new(rest));
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Keys that are likely to be mistaken for one another.
    fn key() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("a"),
            Just("b"),
            Just("/"),
            Just("//"),
            Just("."),
            Just(".."),
            Just("%2F"),
            Just("%"),
            Just("+"),
            Just("\0"),
            Just("\n"),
            Just(".escaped"),
            Just("é"),
            Just(
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            ),
        ];
        prop::collection::vec(piece, 1..16)
            .prop_map(|pieces| pieces.concat())
            .prop_filter("a key has 1 to 1024 bytes", |key| {
                (1..=1024).contains(&key.len())
            })
    }

    fn places(key: &str) -> Vec<PathBuf> {
        let plain = is_plain(key).then(|| Place::Plain.path(key));
        plain
            .into_iter()
            .chain([Place::Escaped.path(key)])
            .collect()
    }

    proptest! {
        #[test]
        fn no_two_keys_share_a_path(one in key(), other in key()) {
            prop_assume!(one != other);
            for path in places(&one) {
                prop_assert!(!places(&other).contains(&path), "{path:?}");
            }
        }

        #[test]
        fn no_escaped_key_is_another_ones_directory(one in key(), other in key()) {
            prop_assume!(one != other);
            prop_assert!(!escaped(&one).starts_with(escaped(&other)));
        }

        #[test]
        fn every_path_stays_in_the_bucket_and_fits_the_file_system(key in key()) {
            for path in places(&key) {
                for part in path.components() {
                    let std::path::Component::Normal(name) = part else {
                        return Err(TestCaseError::fail(format!("{path:?} has {part:?}")));
                    };
                    prop_assert!(name.len() <= MAX_SEGMENT_BYTES);
                }
            }
        }
    }

    #[test]
    fn only_plain_relative_paths_are_plain() {
        for key in [
            "a",
            "a/b.txt",
            "...",
            ".hidden",
            "a/.escaped",
            "ü/日本",
            &"x".repeat(255),
        ] {
            assert!(is_plain(key), "{key:?}");
        }
        for key in [
            "/a",
            "a/",
            "a//b",
            ".",
            "a/../b",
            ".escaped/a",
            "a\0",
            "a\nb",
            &"x".repeat(256),
        ] {
            assert!(!is_plain(key), "{key:?}");
        }
    }

    #[test]
    fn the_longest_key_of_the_worst_bytes_can_be_stored() {
        let path = escaped(&"\u{1}".repeat(1024));
        assert!(path.as_os_str().len() < 3200);
    }
}
