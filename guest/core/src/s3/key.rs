//! Object keys, and their form in a URI.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, ErrorKind};

/// Everything but the unreserved characters of RFC 3986 §2.3 is encoded: the `UriEncode` of
/// Signature Version 4.
pub(crate) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const IN_PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// Longest key, in bytes of UTF-8 ("Naming Amazon S3 objects", Amazon S3 User Guide).
pub const MAX_KEY: usize = 1024;

/// The literal name of an object: 1 to [`MAX_KEY`] bytes of UTF-8. Nothing in it is special;
/// `..`, `//`, `+` and `%2F` are themselves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(String);

impl Key {
    /// The literal name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that goes into a URI's path: one encoding, `/` kept.
    pub fn encode(&self) -> String {
        utf8_percent_encode(&self.0, IN_PATH).to_string()
    }
}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if (1..=MAX_KEY).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        let length = text.len();
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!("a key of {length} bytes is not of 1 to {MAX_KEY} bytes of UTF-8"),
        ))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn encoded(key: &str) -> String {
        key.parse::<Key>().unwrap().encode()
    }

    /// RFC 3986 §2.1 read backwards, independent of the crate that encodes.
    fn decode(text: &str) -> Vec<u8> {
        let mut bytes = text.bytes();
        let mut decoded = Vec::new();
        while let Some(byte) = bytes.next() {
            if byte == b'%' {
                let pair = [bytes.next().unwrap(), bytes.next().unwrap()];
                let pair = std::str::from_utf8(&pair).unwrap();
                assert_eq!(pair, pair.to_ascii_uppercase());
                decoded.push(u8::from_str_radix(pair, 16).unwrap());
            } else {
                decoded.push(byte);
            }
        }
        decoded
    }

    #[test]
    fn nothing_in_a_key_is_special() {
        assert_eq!(encoded("a/../b//c/./"), "a/../b//c/./");
        assert_eq!(encoded("a+b c%2F?#&=~"), "a%2Bb%20c%252F%3F%23%26%3D~");
        assert_eq!(encoded("/ä\u{0}\n"), "/%C3%A4%00%0A");
        assert_eq!(encoded("日本"), "%E6%97%A5%E6%9C%AC");
    }

    #[test]
    fn a_key_is_of_1_to_1024_bytes() {
        assert!("x".repeat(1024).parse::<Key>().is_ok());
        for text in ["", &"x".repeat(1025), &"ä".repeat(513)] {
            let error = text.parse::<Key>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput);
        }
    }

    proptest! {
        #[test]
        fn encoding_can_be_undone_and_so_no_two_keys_share_a_form(text in "\\PC{1,64}|[ -~]{1,64}") {
            let form = encoded(&text);
            prop_assert_eq!(decode(&form), text.as_bytes());
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
            prop_assert!(form.bytes().all(plain));
        }
    }
}
