//! `K=V`: metadata and tags.

use std::collections::HashSet;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::text::is_token;

/// An entry of an object's metadata: a name for `x-amz-meta-NAME` and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadatum(Pair);

/// A tag of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag(Pair);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    key: String,
    value: String,
}

/// Why one or all of them cannot be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PairError {
    #[error("`{0}` has no `=`: write KEY=VALUE")]
    NoValue(String),
    #[error("`{0}` is not a name for metadata: those have letters, digits and !#$%&'*+-.^_`|~")]
    Name(String),
    #[error("the value of `{0}` has a control character")]
    Control(String),
    #[error("a tag's key has 1 to {LONGEST_TAG_KEY} characters")]
    TagKey,
    #[error("the value of tag `{0}` has more than {LONGEST_TAG_VALUE} characters")]
    TagValue(String),
    #[error("`{0}` is given twice")]
    Twice(String),
    #[error("S3 takes at most {MOST_TAGS} tags for an object, not {0}")]
    TooManyTags(usize),
    #[error("S3 takes at most {MOST_METADATA} bytes of metadata for an object, not {0}")]
    TooMuchMetadata(usize),
}

// S3's limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
const MOST_TAGS: usize = 10;
const LONGEST_TAG_KEY: usize = 128;
const LONGEST_TAG_VALUE: usize = 256;
/// Names and values, in bytes:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const MOST_METADATA: usize = 2048;

/// The unreserved characters of RFC 3986 stay.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl FromStr for Metadatum {
    type Err = PairError;

    fn from_str(text: &str) -> Result<Self, PairError> {
        let pair: Pair = text.parse()?;
        if !is_token(&pair.key) {
            return Err(PairError::Name(pair.key));
        }
        if pair.value.chars().any(char::is_control) {
            return Err(PairError::Control(pair.key));
        }
        Ok(Self(pair))
    }
}

impl FromStr for Tag {
    type Err = PairError;

    fn from_str(text: &str) -> Result<Self, PairError> {
        let pair: Pair = text.parse()?;
        if !(1..=LONGEST_TAG_KEY).contains(&pair.key.chars().count()) {
            return Err(PairError::TagKey);
        }
        if pair.value.chars().count() > LONGEST_TAG_VALUE {
            return Err(PairError::TagValue(pair.key));
        }
        Ok(Self(pair))
    }
}

impl FromStr for Pair {
    type Err = PairError;

    fn from_str(text: &str) -> Result<Self, PairError> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| PairError::NoValue(text.into()))?;
        Ok(Self {
            key: key.into(),
            value: value.into(),
        })
    }
}

/// All metadata as a query; none if there is none.
pub(super) fn metadata(entries: &[Metadatum]) -> Result<Option<String>, PairError> {
    let bytes = |Metadatum(pair): &Metadatum| pair.key.len() + pair.value.len();
    let size = entries.iter().map(bytes).sum();
    if size > MOST_METADATA {
        return Err(PairError::TooMuchMetadata(size));
    }
    // Names of header fields: case does not tell them apart.
    query(entries.iter().map(|Metadatum(pair)| pair), |key| {
        key.to_ascii_lowercase()
    })
}

/// All tags as a query; none if there is none.
pub(super) fn tags(tags: &[Tag]) -> Result<Option<String>, PairError> {
    if tags.len() > MOST_TAGS {
        return Err(PairError::TooManyTags(tags.len()));
    }
    query(tags.iter().map(|Tag(pair)| pair), str::to_owned)
}

fn query<'a>(
    pairs: impl Iterator<Item = &'a Pair>,
    identity: impl Fn(&str) -> String,
) -> Result<Option<String>, PairError> {
    let (mut seen, mut query) = (HashSet::new(), Vec::new());
    for Pair { key, value } in pairs {
        if !seen.insert(identity(key)) {
            return Err(PairError::Twice(key.clone()));
        }
        let encoded = |text| utf8_percent_encode(text, QUERY);
        query.push(format!("{}={}", encoded(key), encoded(value)));
    }
    Ok((!query.is_empty()).then(|| query.join("&")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn metadata_of(texts: &[&str]) -> Result<Option<String>, PairError> {
        let entries: Result<Vec<_>, _> = texts.iter().map(|text| text.parse()).collect();
        metadata(&entries?)
    }

    fn tags_of(texts: &[&str]) -> Result<Option<String>, PairError> {
        let all: Result<Vec<_>, _> = texts.iter().map(|text| text.parse()).collect();
        tags(&all?)
    }

    #[test]
    fn pairs_become_a_query() {
        assert_eq!(metadata_of(&[]), Ok(None));
        assert_eq!(
            metadata_of(&["plant=Köln 3", "a=b=c&d"]),
            Ok(Some("plant=K%C3%B6ln%203&a=b%3Dc%26d".into()))
        );
        assert_eq!(
            tags_of(&["owner team=", "Owner=x"]),
            Ok(Some("owner%20team=&Owner=x".into()))
        );
    }

    #[test]
    fn what_s3_would_not_take_is_refused() {
        let twice = PairError::Twice("PLANT".into());
        assert_eq!(metadata_of(&["plant=1", "PLANT=2"]), Err(twice));
        assert_eq!(tags_of(&["a=1", "a=2"]), Err(PairError::Twice("a".into())));
        assert_eq!(
            metadata_of(&["plant"]),
            Err(PairError::NoValue("plant".into()))
        );
        assert_eq!(metadata_of(&["a b=1"]), Err(PairError::Name("a b".into())));
        assert_eq!(metadata_of(&["a=1\n"]), Err(PairError::Control("a".into())));
        assert_eq!(tags_of(&["=1"]), Err(PairError::TagKey));
        let long = format!("a={}", "x".repeat(257));
        assert_eq!(tags_of(&[&long]), Err(PairError::TagValue("a".into())));
    }

    #[test]
    fn the_limits_are_those_of_s3() {
        let texts: Vec<_> = (0..11).map(|n| format!("k{n}=v")).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        assert!(tags_of(&texts[..10]).is_ok());
        assert_eq!(tags_of(&texts), Err(PairError::TooManyTags(11)));
        let fits = format!("a={}", "x".repeat(2047));
        assert!(metadata_of(&[&fits]).is_ok());
        let long = format!("a={}", "x".repeat(2048));
        assert_eq!(metadata_of(&[&long]), Err(PairError::TooMuchMetadata(2049)));
    }

    proptest! {
        #[test]
        fn a_query_gives_the_pair_back(key in "[a-z&=%]{1,9}", value in any::<String>()) {
            let key = key.replace('=', "");
            prop_assume!(!key.is_empty() && value.chars().count() <= 256);
            let query = tags_of(&[&format!("{key}={value}")]).unwrap().unwrap();
            let (left, right) = query.split_once('=').unwrap();
            let decoded = |text| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
            prop_assert_eq!((decoded(left), decoded(right)), (key, value));
        }
    }
}
