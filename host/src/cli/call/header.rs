//! A header of a call, as it is written on the command line.

use std::str::FromStr;

use http::{HeaderName, HeaderValue};

/// `NAME: VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

/// Not a header. The value is not told: it may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HeaderError {
    #[error("there is no colon in it; write `NAME: VALUE`")]
    NoColon,
    #[error("what stands before the colon is not the name of a header")]
    Name,
    #[error("the value has characters that a header cannot have")]
    Value,
}

impl FromStr for Header {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let (name, value) = text.split_once(':').ok_or(HeaderError::NoColon)?;
        let visible = |text: &str| {
            text.bytes()
                .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
        };
        let value = Some(value.trim_matches([' ', '\t'])).filter(|value| visible(value));
        Ok(Self {
            name: name.parse().map_err(|_| HeaderError::Name)?,
            value: value
                .and_then(|value| value.parse().ok())
                .ok_or(HeaderError::Value)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value_around_the_first_colon() {
        let header: Header = "X-Amz-Target:  Logs_20140328.PutLogEvents "
            .parse()
            .unwrap();
        assert_eq!(header.name, "x-amz-target");
        assert_eq!(header.value, "Logs_20140328.PutLogEvents");
        assert_eq!("a: b: c".parse::<Header>().unwrap().value, "b: c");
        assert_eq!("a:".parse::<Header>().unwrap().value, "");
    }

    #[test]
    fn what_would_smuggle_another_header_is_none() {
        for (text, error) in [
            ("x-amz-target", HeaderError::NoColon),
            ("a b: c", HeaderError::Name),
            (": c", HeaderError::Name),
            ("a: b\r\nc: d", HeaderError::Value),
            ("a: b\nc: d", HeaderError::Value),
            ("a: käse", HeaderError::Value),
        ] {
            assert_eq!(text.parse::<Header>(), Err(error), "{text:?}");
        }
    }
}
