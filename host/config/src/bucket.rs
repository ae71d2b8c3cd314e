//! Where `s3://…` leads: the bucket, or an access point to it.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::Arn;

/// The bucket of a destination: its name, or the ARN of an access point.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bucket(String);

impl Bucket {
    /// The name or the ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the bucket off the front of what follows `s3://` and answers with the rest, without
    /// the slash between them.
    pub(crate) fn split(text: &str) -> Result<(Self, &str), BucketError> {
        if text.starts_with("arn:") {
            return split_arn(text).ok_or_else(|| BucketError::Arn(text.to_owned()));
        }
        let (name, rest) = text.split_once('/').unwrap_or((text, ""));
        // The characters and the length only; S3 has more rules, and answers for them.
        let usual =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        if (3..=63).contains(&name.len()) && name.bytes().all(usual) {
            Ok((Self(name.to_owned()), rest))
        } else {
            Err(BucketError::Name(name.escape_debug().to_string()))
        }
    }
}

/// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`, then a key ("Access points", Amazon S3 user
/// guide).
fn split_arn(text: &str) -> Option<(Bucket, &str)> {
    let resource = text.splitn(6, ':').nth(5)?;
    let named = resource.strip_prefix("accesspoint")?;
    let name = named.strip_prefix(['/', ':'])?;
    let (name, rest) = name.split_once('/').unwrap_or((name, ""));
    let arn = text.strip_suffix(rest)?;
    let arn = arn.strip_suffix('/').unwrap_or(arn);
    let usual =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:/".contains(&byte);
    let is_arn = !name.is_empty() && arn.bytes().all(usual) && Arn::from_str(arn).is_ok();
    is_arn.then(|| (Bucket(arn.to_owned()), rest))
}

impl Display for Bucket {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not the name of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BucketError {
    /// Not a name by S3's rules.
    #[error(
        "`{0}` is not a bucket's name: those have 3 to 63 lower-case letters, digits, `-` and `.`"
    )]
    Name(String),
    /// An ARN that names nothing that objects can be put into.
    #[error(
        "`{0}` is not the ARN of an access point: write s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/KEY"
    )]
    Arn(String),
}

#[cfg(test)]
mod tests {
    use super::{Bucket, BucketError};

    #[test]
    fn a_bucket_ends_at_the_first_slash_and_an_access_point_after_its_name() {
        let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/gateway";
        for (text, bucket, rest) in [
            ("bucket", "bucket", ""),
            ("bucket/", "bucket", ""),
            ("bucket/a/b", "bucket", "a/b"),
            (&format!("{arn}/a/b"), arn, "a/b"),
            (arn, arn, ""),
        ] {
            let expected = (Bucket(bucket.to_owned()), rest);
            assert_eq!(Bucket::split(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_bucket_is_refused() {
        for name in ["", "DEMO", "ab", "a_b_c", "{thing}", "bücket"] {
            let refused = BucketError::Name(name.to_owned());
            assert_eq!(Bucket::split(&format!("{name}/k")), Err(refused));
        }
        for arn in [
            "arn:",
            "arn:aws:s3:::bucket/key",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/",
        ] {
            let refused = BucketError::Arn(arn.to_owned());
            assert_eq!(Bucket::split(arn), Err(refused));
        }
    }
}
