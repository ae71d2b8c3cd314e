//! What keys in a bucket begin with.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::KeyPrefixError;

/// The literal beginning of keys: nothing, or segments of which each ends in `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// In bytes; half of what a key can have (`ObjectKey::LONGEST`), so that there is room for names.
    pub const LONGEST: usize = 512;

    /// The beginning.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyPrefix {
    type Err = KeyPrefixError;

    fn from_str(text: &str) -> Result<Self, KeyPrefixError> {
        let segments = text.strip_suffix('/').unwrap_or(text);
        if text.is_empty() {
            return Ok(Self::default());
        }
        if segments
            .split('/')
            .any(|part| matches!(part, "" | "." | ".."))
        {
            return Err(KeyPrefixError::Segment);
        }
        if segments.len() >= Self::LONGEST {
            return Err(KeyPrefixError::TooLong);
        }
        Ok(Self(format!("{segments}/")))
    }
}

impl Display for KeyPrefix {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_in_a_slash_unless_it_is_empty() {
        for (text, prefix) in [("", ""), ("a", "a/"), ("a/b/", "a/b/"), ("ä %", "ä %/")] {
            assert_eq!(text.parse(), Ok(KeyPrefix(prefix.to_owned())));
        }
    }

    #[test]
    fn a_prefix_that_could_be_taken_for_another_place_is_refused() {
        for text in ["/", "//", "/a", "a//b", "a/..", "./a/", "a//"] {
            assert_eq!(
                text.parse::<KeyPrefix>(),
                Err(KeyPrefixError::Segment),
                "{text}"
            );
        }
        let long = "x".repeat(KeyPrefix::LONGEST);
        assert_eq!(long.parse::<KeyPrefix>(), Err(KeyPrefixError::TooLong));
        assert!(long[1..].parse::<KeyPrefix>().is_ok());
    }
}
