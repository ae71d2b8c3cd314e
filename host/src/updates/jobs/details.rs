//! What a device says beside a job's status.

use std::collections::BTreeMap;

use serde::Serialize;

/// Name/value pairs for the operator to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct StatusDetails(BTreeMap<&'static str, String>);

/// The most pairs ("AWS IoT Device Management endpoints and quotas", AWS General Reference).
const MOST: usize = 10;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 128;

/// The longest value, in characters.
const LONGEST_VALUE: usize = 1024;

/// Not a pair that AWS takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetailError {
    /// The name.
    #[error("`{0}` cannot name a status detail: those have 1 to 128 of a-z A-Z 0-9 : _ -")]
    Name(&'static str),
    /// Too many.
    #[error("a job's status has no more than {MOST} details")]
    TooMany,
}

impl StatusDetails {
    /// Adds a pair. The value is made to fit: one line without control characters, shortened; an empty one is left out.
    pub fn with(mut self, name: &'static str, value: &str) -> Result<Self, DetailError> {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
        if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(usual) {
            return Err(DetailError::Name(name));
        }
        let value = fitting(value);
        if value.is_empty() {
            return Ok(self);
        }
        self.0.insert(name, value);
        if self.0.len() > MOST {
            return Err(DetailError::TooMany);
        }
        Ok(self)
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `[^\p{C}]+` of at most 1024 characters: no control, format, private or unassigned characters. ASCII has few of them.
fn fitting(value: &str) -> String {
    let value = value.trim();
    let printable = |c: char| {
        if c == ' ' || c.is_ascii_graphic() {
            c
        } else {
            '?'
        }
    };
    value.chars().take(LONGEST_VALUE).map(printable).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn shown(details: &StatusDetails) -> String {
        serde_json::to_string(details).unwrap()
    }

    #[test]
    fn a_pair_without_a_value_is_left_out_and_one_too_many_refused() {
        let details = StatusDetails::default().with("reason", " ").unwrap();
        assert!(details.is_empty());
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let full = names
            .iter()
            .try_fold(details, |all, name| all.with(name, "x"));
        let full = full.unwrap();
        assert_eq!(full.clone().with("k", "x"), Err(DetailError::TooMany));
        assert!(full.with("a", "again").is_ok());
        for name in ["", "a b", "a.b", "ä"] {
            let refused = StatusDetails::default().with(name, "x");
            assert_eq!(refused, Err(DetailError::Name(name)));
        }
    }

    proptest! {
        #[test]
        fn every_value_fits(value in "\\PC{0,20}|[\\x00-\\x20]{0,9}|x{0,2000}") {
            let details = StatusDetails::default().with("reason", &value).unwrap();
            let text = shown(&details);
            let parsed: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
            for value in parsed.values() {
                prop_assert!((1..=1024).contains(&value.len()));
                prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }
}
