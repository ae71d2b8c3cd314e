//! Headers that are kept with an object and given back with it.

use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::dto::{ObjectCannedACL, ObjectStorageClass, Tag};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::encryption::{self, Encryption};
use super::{lock, tags};

/// Headers that are kept with an object and given back with it, or told by an
/// operation of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Headers {
    fields: Vec<(String, String)>,
}

/// The answers that tell kept headers, each others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// To a GET or HEAD.
    Read,
    /// To a PUT, or the beginning of a multipart upload.
    Write,
    /// To a part.
    Part,
    /// To the completion of a multipart upload.
    Completion,
}

/// Those that are kept as they came, besides `x-amz-meta-*`.
const KEPT: [&str; 11] = [
    "cache-control",
    "content-disposition",
    "content-language",
    "content-type",
    "expires",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
    ACL,
    lock::LEGAL_HOLD,
    lock::MODE,
    lock::RETAIN_UNTIL,
];
const ACL: &str = "x-amz-acl";
const TAGGING: &str = "x-amz-tagging";
const STORAGE_CLASS: &str = "x-amz-storage-class";
const METADATA_PREFIX: &str = "x-amz-meta-";
/// S3's limit for names and values of user-defined metadata.
const MAX_METADATA_BYTES: usize = 2048;

impl Headers {
    /// Takes them from a request that makes an object, or refuses what S3
    /// refuses and what this stand-in would only pretend to do.
    pub(super) fn of(request: &HeaderMap, now: OffsetDateTime) -> S3Result<Self> {
        check_acl(request)?;
        lock::check(request, now)?;
        let mut fields = vec![];
        let mut metadata_bytes = 0;
        for (name, value) in request {
            let name = name.as_str();
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if let Some(short) = name.strip_prefix(METADATA_PREFIX) {
                metadata_bytes += short.len() + value.len();
                fields.push((name.to_owned(), value));
            } else if KEPT.contains(&name) {
                fields.push((name.to_owned(), value));
            } else if name == "content-encoding"
                && let Some(rest) = without_aws_chunked(&value)
            {
                fields.push((name.to_owned(), rest));
            } else if name == TAGGING {
                tags::parse(&value)?;
                fields.push((name.to_owned(), value));
            }
        }
        if metadata_bytes > MAX_METADATA_BYTES {
            return Err(s3_error!(
                MetadataTooLarge,
                "Your metadata headers exceed the maximum allowed metadata size"
            ));
        }
        if !fields.iter().any(|(name, _)| name == "content-type") {
            fields.push(("content-type".to_owned(), "binary/octet-stream".to_owned()));
        }
        let encryption = Encryption::of(request)?.fields();
        fields.extend(
            encryption
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        Ok(Self { fields })
    }

    /// What an answer tells of them.
    pub(super) fn in_answer(&self, answer: Answer) -> HeaderMap {
        let told = self
            .fields
            .iter()
            .filter(|(name, value)| answer.tells(name, value));
        let mut headers: HeaderMap = told
            .filter_map(|(name, value)| {
                let name = HeaderName::try_from(name).ok()?;
                Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
            })
            .collect();
        let tags = self.tags().map_or(0, |tags| tags.len());
        if answer == Answer::Read && tags > 0 {
            headers.insert("x-amz-tagging-count", HeaderValue::from(tags));
        }
        headers
    }

    /// The object's tags.
    pub(super) fn tags(&self) -> S3Result<Vec<Tag>> {
        tags::parse(self.field(TAGGING).unwrap_or_default())
    }

    /// The canned ACL.
    pub(super) fn acl(&self) -> &str {
        self.field(ACL).unwrap_or(ObjectCannedACL::PRIVATE)
    }

    pub(super) fn storage_class(&self) -> &str {
        self.field(STORAGE_CLASS)
            .unwrap_or(ObjectStorageClass::STANDARD)
    }

    /// The MD5 of the client's own key, if the object was made with one.
    pub(super) fn customer_key(&self) -> Option<&str> {
        self.field(encryption::customer_key_field())
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(other, _)| other == name);
        field.map(|(_, value)| value.as_str())
    }
}

impl Answer {
    fn tells(self, name: &str, value: &str) -> bool {
        let of_encryption = name.starts_with(encryption::PREFIX);
        match self {
            // S3 does not mention the storage class that everything has.
            Self::Read if name == STORAGE_CLASS => value != ObjectStorageClass::STANDARD,
            Self::Read => ![ACL, TAGGING, encryption::CONTEXT].contains(&name),
            Self::Write => of_encryption,
            Self::Part => of_encryption && name != encryption::CONTEXT,
            Self::Completion => {
                of_encryption
                    && name != encryption::CONTEXT
                    && !name.starts_with(encryption::CUSTOMER_PREFIX)
            }
        }
    }
}

/// `aws-chunked` describes the transfer, not the object.
fn without_aws_chunked(value: &str) -> Option<String> {
    let codings: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|coding| *coding != "aws-chunked")
        .collect();
    let rest = codings.join(",");
    (!rest.is_empty()).then_some(rest)
}

/// Canned ACLs only: one account has nobody to grant anything to.
fn check_acl(request: &HeaderMap) -> S3Result<()> {
    const CANNED: [&str; 7] = [
        ObjectCannedACL::PRIVATE,
        ObjectCannedACL::PUBLIC_READ,
        ObjectCannedACL::PUBLIC_READ_WRITE,
        ObjectCannedACL::AUTHENTICATED_READ,
        ObjectCannedACL::AWS_EXEC_READ,
        ObjectCannedACL::BUCKET_OWNER_READ,
        ObjectCannedACL::BUCKET_OWNER_FULL_CONTROL,
    ];
    if request
        .keys()
        .any(|name| name.as_str().starts_with("x-amz-grant-"))
    {
        return Err(s3_error!(
            NotImplemented,
            "Grants other than canned ACLs are not implemented"
        ));
    }
    match request.get(ACL).map(HeaderValue::to_str) {
        None => Ok(()),
        Some(Ok(acl)) if CANNED.contains(&acl) => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "The canned ACL is not known")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use time::macros::datetime;

    fn request(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn kept(fields: &[(&'static str, &str)]) -> S3Result<Headers> {
        Headers::of(&request(fields), datetime!(2026-01-01 00:00:00 UTC))
    }

    #[test]
    fn the_transfer_coding_is_not_kept_but_the_content_coding_is() {
        let read = |coding| {
            let headers = kept(&[("content-encoding", coding)]).unwrap();
            headers
                .in_answer(Answer::Read)
                .get("content-encoding")
                .cloned()
        };
        assert_eq!(read("aws-chunked"), None);
        assert_eq!(read("gzip,aws-chunked").unwrap(), "gzip");
    }

    #[test]
    fn metadata_comes_back_and_other_headers_do_not() {
        let kept = kept(&[
            ("x-amz-meta-owner", "a"),
            ("x-amz-date", "20260101T000000Z"),
            ("x-amz-tagging", "a=1&b=2"),
            ("x-amz-acl", "public-read"),
            ("x-amz-storage-class", "STANDARD"),
        ]);
        let headers = kept.unwrap().in_answer(Answer::Read);
        assert_eq!(headers.get("x-amz-meta-owner").unwrap(), "a");
        assert_eq!(headers.get("x-amz-tagging-count").unwrap(), "2");
        assert_eq!(headers.get("content-type").unwrap(), "binary/octet-stream");
        for name in ["x-amz-date", "x-amz-tagging", "x-amz-acl", STORAGE_CLASS] {
            assert!(!headers.contains_key(name), "{name}");
        }
    }

    #[test]
    fn what_s3_refuses_is_refused() {
        let past = "2025-12-31T23:59:59Z";
        let eleven_tags = (0..11).map(|n| format!("k{n}=v")).collect::<Vec<_>>();
        for (fields, code) in [
            (vec![("x-amz-acl", "mine")], "InvalidArgument"),
            (vec![("x-amz-grant-read", "id=1")], "NotImplemented"),
            (vec![(lock::MODE, "GOVERNANCE")], "InvalidArgument"),
            (
                vec![(lock::MODE, "GOVERNANCE"), (lock::RETAIN_UNTIL, past)],
                "InvalidArgument",
            ),
            (vec![(lock::LEGAL_HOLD, "MAYBE")], "InvalidArgument"),
            (
                vec![("x-amz-server-side-encryption", "rot13")],
                "InvalidArgument",
            ),
            (
                vec![("x-amz-server-side-encryption-aws-kms-key-id", "k")],
                "InvalidArgument",
            ),
            (
                vec![
                    ("x-amz-server-side-encryption", "aws:kms"),
                    (encryption::CONTEXT, "e30x"),
                ],
                "InvalidArgument",
            ),
            (vec![(TAGGING, "a=1&a=2")], "InvalidArgument"),
            (vec![(TAGGING, "a=%FF")], "InvalidArgument"),
            (vec![(TAGGING, "=1")], "InvalidTag"),
            (vec![(TAGGING, &eleven_tags.join("&"))], "InvalidArgument"),
            (
                vec![("x-amz-meta-a", &"x".repeat(2048))],
                "MetadataTooLarge",
            ),
        ] {
            let error = kept(&fields).expect_err(fields[0].0);
            assert_eq!(error.code().as_str(), code, "{fields:?}");
        }
    }
}
