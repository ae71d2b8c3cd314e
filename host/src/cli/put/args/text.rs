//! Values that go into header fields.

use std::fmt;
use std::str::FromStr;

/// The value of a header field: visible ASCII and spaces, none of them at its ends (RFC 9110,
/// section 5.5, without what it calls obsolete).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldValue(String);

/// Longer than any value that S3 takes.
const LONGEST: usize = 2048;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FieldValueError {
    #[error("it is empty")]
    Empty,
    #[error("it has more than {LONGEST} characters")]
    TooLong,
    #[error("`{0}` cannot stand in a header field: only visible ASCII characters and spaces can")]
    Character(char),
}

impl FromStr for FieldValue {
    type Err = FieldValueError;

    fn from_str(text: &str) -> Result<Self, FieldValueError> {
        let text = text.trim_matches(' ');
        let odd = |c: &char| *c != ' ' && !c.is_ascii_graphic();
        match text.chars().find(odd) {
            Some(odd) => Err(FieldValueError::Character(odd)),
            None if text.is_empty() => Err(FieldValueError::Empty),
            None if text.len() > LONGEST => Err(FieldValueError::TooLong),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A media type: `type/subtype` and parameters (RFC 9110, section 8.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MediaType(FieldValue);

/// Not a media type.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a media type such as text/csv")]
pub(super) struct MediaTypeError;

impl FromStr for MediaType {
    type Err = MediaTypeError;

    fn from_str(text: &str) -> Result<Self, MediaTypeError> {
        let value: FieldValue = text.parse().map_err(|_| MediaTypeError)?;
        let essence = value.0.split(';').next().unwrap_or_default().trim_end();
        let (kind, subtype) = essence.split_once('/').ok_or(MediaTypeError)?;
        if is_token(kind) && is_token(subtype) {
            Ok(Self(value))
        } else {
            Err(MediaTypeError)
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An entity tag, with or without its quotes; S3 gives it either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntityTag(String);

/// Not an entity tag.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an ETag such as \"9bb58f26192e4ba00f01e2e7b136bbd8\"")]
pub(super) struct EntityTagError;

impl FromStr for EntityTag {
    type Err = EntityTagError;

    fn from_str(text: &str) -> Result<Self, EntityTagError> {
        let quoted = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let tag = quoted.unwrap_or(text);
        let opaque = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
        if tag.is_empty() || tag.len() > LONGEST || !tag.bytes().all(opaque) {
            return Err(EntityTagError);
        }
        Ok(Self(format!("\"{tag}\"")))
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccountId(String);

/// Not an account.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account id has 12 digits")]
pub(super) struct AccountIdError;

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(AccountIdError)
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A storage class: those that S3 has today, and what it may come to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StorageClass(String);

/// Not a storage class.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a storage class such as STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR or DEEP_ARCHIVE")]
pub(super) struct StorageClassError;

impl FromStr for StorageClass {
    type Err = StorageClassError;

    fn from_str(text: &str) -> Result<Self, StorageClassError> {
        let usual = |byte: u8| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit();
        if (1..=64).contains(&text.len()) && text.bytes().all(usual) {
            Ok(Self(text.into()))
        } else {
            Err(StorageClassError)
        }
    }
}

impl fmt::Display for StorageClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 9110, section 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(usual)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_can_end_a_header_field_or_begin_another() {
        for (text, odd) in [
            ("a\r\nx: y", '\r'),
            ("a\tb", '\t'),
            ("ä", 'ä'),
            ("\0", '\0'),
        ] {
            let refused = FieldValueError::Character(odd);
            assert_eq!(text.parse::<FieldValue>(), Err(refused));
        }
        assert_eq!("  ".parse::<FieldValue>(), Err(FieldValueError::Empty));
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(long.parse::<FieldValue>(), Err(FieldValueError::TooLong));
    }

    #[test]
    fn a_media_type_has_a_type_and_a_subtype() {
        for text in ["text/csv", "application/vnd.plant+json; v=1", "a/b;c"] {
            assert_eq!(text.parse::<MediaType>().unwrap().to_string(), text);
        }
        for text in ["", "text", "text/", "/csv", "a b/c", "text/csv\n"] {
            assert_eq!(text.parse::<MediaType>(), Err(MediaTypeError), "{text}");
        }
    }

    #[test]
    fn an_entity_tag_gets_its_quotes() {
        for text in ["abc-2", "\"abc-2\""] {
            assert_eq!(text.parse::<EntityTag>().unwrap().to_string(), "\"abc-2\"");
        }
        for text in ["", "\"", "a\"b", "a b"] {
            assert_eq!(text.parse::<EntityTag>(), Err(EntityTagError), "{text}");
        }
    }

    #[test]
    fn accounts_and_storage_classes_have_their_form() {
        assert!("123456789012".parse::<AccountId>().is_ok());
        assert_eq!("12345678901".parse::<AccountId>(), Err(AccountIdError));
        assert!("GLACIER_IR".parse::<StorageClass>().is_ok());
        assert_eq!("standard".parse::<StorageClass>(), Err(StorageClassError));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_a_header_field(text in any::<String>()) {
            if let Ok(value) = text.parse::<FieldValue>() {
                prop_assert!(http::HeaderValue::from_str(&value.to_string()).is_ok());
            }
        }
    }
}
