//! Headers that are kept with an object and given back with it.

use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::errors::bad_request;

/// Headers that are kept with an object and given back with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Headers {
    fields: Vec<(String, String)>,
    tags: usize,
}

/// Those that S3 gives back as they came, besides `x-amz-meta-*`.
const KEPT: [&str; 9] = [
    "cache-control",
    "content-disposition",
    "content-language",
    "content-type",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];
const METADATA_PREFIX: &str = "x-amz-meta-";
/// S3's limit for names and values of user-defined metadata.
const MAX_METADATA_BYTES: usize = 2048;

impl Headers {
    /// Takes them from a request that makes an object, or refuses what this
    /// stand-in would only pretend to do.
    pub(super) fn of(request: &HeaderMap) -> S3Result<Self> {
        refuse_unsupported(request)?;
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
            }
        }
        if metadata_bytes > MAX_METADATA_BYTES {
            return Err(s3_error!(
                MetadataTooLarge,
                "Your metadata headers exceed the maximum allowed metadata size"
            ));
        }
        let set = |name: &str| fields.iter().any(|(other, _)| other == name);
        let defaults = [
            ("content-type", "binary/octet-stream"),
            ("x-amz-server-side-encryption", "AES256"),
        ];
        let missing: Vec<_> = defaults
            .into_iter()
            .filter(|(name, _)| !set(name))
            .collect();
        fields.extend(
            missing
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        Ok(Self {
            fields,
            tags: count_tags(request),
        })
    }

    /// For the answer to a GET or HEAD.
    pub(super) fn for_reading(&self) -> HeaderMap {
        let mut headers = self.map(|_| true);
        if self.tags > 0 {
            headers.insert("x-amz-tagging-count", HeaderValue::from(self.tags));
        }
        headers
    }

    /// For the answer to the request that made the object.
    pub(super) fn for_writing(&self) -> HeaderMap {
        self.map(|name| name.starts_with("x-amz-server-side-encryption"))
    }

    fn map(&self, wanted: impl Fn(&str) -> bool) -> HeaderMap {
        let kept = self.fields.iter().filter(|(name, _)| wanted(name));
        kept.filter_map(|(name, value)| {
            let name = HeaderName::try_from(name).ok()?;
            Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        })
        .collect()
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

fn count_tags(request: &HeaderMap) -> usize {
    let tags = request
        .get("x-amz-tagging")
        .and_then(|value| value.to_str().ok());
    tags.map_or(0, |tags| {
        tags.split('&').filter(|tag| !tag.is_empty()).count()
    })
}

fn refuse_unsupported(request: &HeaderMap) -> S3Result<()> {
    let has = |prefix: &str| request.keys().any(|name| name.as_str().starts_with(prefix));
    if has("x-amz-server-side-encryption-customer-") {
        return Err(s3_error!(
            NotImplemented,
            "Keys of the customer's own are not implemented"
        ));
    }
    if has("x-amz-object-lock-") {
        return Err(s3_error!(
            InvalidRequest,
            "Bucket is missing Object Lock Configuration"
        ));
    }
    let acl = request.get("x-amz-acl").map(HeaderValue::as_bytes);
    if has("x-amz-grant-") || acl.is_some_and(|acl| acl != b"bucket-owner-full-control") {
        return Err(bad_request(
            "AccessControlListNotSupported",
            "The bucket does not allow ACLs",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;

    fn request(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn the_transfer_coding_is_not_kept_but_the_content_coding_is() {
        let read = |coding| {
            let headers = Headers::of(&request(&[("content-encoding", coding)])).unwrap();
            headers.for_reading().get("content-encoding").cloned()
        };
        assert_eq!(read("aws-chunked"), None);
        assert_eq!(read("gzip,aws-chunked").unwrap(), "gzip");
    }

    #[test]
    fn metadata_comes_back_and_other_headers_do_not() {
        let kept = Headers::of(&request(&[
            ("x-amz-meta-owner", "a"),
            ("x-amz-date", "20260101T000000Z"),
            ("x-amz-tagging", "a=1&b=2"),
        ]));
        let headers = kept.unwrap().for_reading();
        assert_eq!(headers.get("x-amz-meta-owner").unwrap(), "a");
        assert_eq!(headers.get("x-amz-tagging-count").unwrap(), "2");
        assert_eq!(headers.get("content-type").unwrap(), "binary/octet-stream");
        assert!(!headers.contains_key("x-amz-date"));
    }

    #[test]
    fn what_is_not_done_is_not_accepted() {
        let code = |name, value: &str| {
            let error = Headers::of(&request(&[(name, value)])).expect_err("refused");
            error.code().as_str().to_owned()
        };
        assert_eq!(
            code("x-amz-server-side-encryption-customer-key", "k"),
            "NotImplemented"
        );
        assert_eq!(
            code("x-amz-acl", "public-read"),
            "AccessControlListNotSupported"
        );
        assert_eq!(
            code("x-amz-object-lock-mode", "GOVERNANCE"),
            "InvalidRequest"
        );
        assert_eq!(code("x-amz-meta-a", &"x".repeat(2048)), "MetadataTooLarge");
    }
}
