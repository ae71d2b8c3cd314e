//! What a request does to a job's object.

use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;

use super::super::target::Target;

/// What a request does to the object, if it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Makes it of the request's body.
    Object,
    /// Keeps the body as a part of a multipart upload.
    Part(Part),
    /// Makes it of the parts of the multipart upload with this id.
    Complete(String),
    /// Takes it away.
    Removal,
}

/// A place in a multipart upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The upload's id.
    pub(super) upload: String,
    /// The part's number, 1 to 10,000.
    pub(super) number: u16,
}

/// Longer than any upload id that a store gives, in bytes; it bounds what is remembered of them.
const LONGEST_UPLOAD_ID: usize = 1024;

/// S3's limit on the number of parts.
const MOST_PARTS: u16 = 10_000;

impl Target {
    /// What the request does to the object; nothing if it goes elsewhere or only concerns its tags and
    /// the like.
    pub(super) fn aim(&self, method: &Method, uri: &Uri) -> Option<Aim> {
        if !self.is(uri) {
            return None;
        }
        let query = Query::of(uri)?;
        match (method, query.upload, query.part) {
            (&Method::PUT, None, None) => Some(Aim::Object),
            (&Method::PUT, Some(upload), Some(number)) => Some(Aim::Part(Part { upload, number })),
            (&Method::POST, Some(upload), None) => Some(Aim::Complete(upload)),
            (&Method::DELETE, None, None) => Some(Aim::Removal),
            _ => None,
        }
    }
}

/// Whether the store takes the bytes from another object instead of the request's body.
pub(super) fn is_copy(headers: &HeaderMap) -> bool {
    headers.contains_key("x-amz-copy-source")
}

/// The part of a query that says which upload and part a request is about.
#[derive(Default)]
struct Query {
    upload: Option<String>,
    part: Option<u16>,
}

impl Query {
    /// Nothing if there is anything else in the query that changes what the request does, or anything
    /// that two readers could understand differently.
    fn of(uri: &Uri) -> Option<Self> {
        let mut query = Self::default();
        let parameters = uri.query().unwrap_or_default().split('&');
        for parameter in parameters.filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = percent_decode_str(value).decode_utf8().ok()?;
            match name {
                "uploadId" if query.upload.is_none() => {
                    let usable = !value.is_empty() && value.len() <= LONGEST_UPLOAD_ID;
                    query.upload = Some(usable.then(|| value.into_owned())?);
                }
                "partNumber" if query.part.is_none() => {
                    let number = value.parse().ok();
                    query.part = Some(number.filter(|number| (1..=MOST_PARTS).contains(number))?);
                }
                // `x-id` and the parameters of a signature.
                _ if name
                    .get(..2)
                    .is_some_and(|start| start.eq_ignore_ascii_case("x-")) => {}
                _ => return None,
            }
        }
        Some(query)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn aim(method: &Method, uri: &str) -> Option<Aim> {
        let origin = "https://store.example".parse().unwrap();
        Target::in_store(vec![(origin, "/bucket/a key".into())]).aim(method, &uri.parse().unwrap())
    }

    #[test]
    fn requests_to_the_object_are_told_from_those_about_it() {
        let place = "https://store.example/bucket/a%20key";
        let part = |upload: &str, number| {
            let upload = upload.to_owned();
            Some(Aim::Part(Part { upload, number }))
        };
        for (method, query, expected) in [
            (Method::PUT, "", Some(Aim::Object)),
            (Method::PUT, "?", Some(Aim::Object)),
            (Method::PUT, "?x-id=PutObject", Some(Aim::Object)),
            (
                Method::PUT,
                "?X-Amz-Date=1&X-Amz-Signature=2",
                Some(Aim::Object),
            ),
            (Method::PUT, "?partNumber=1&uploadId=a%2Bb", part("a+b", 1)),
            (
                Method::PUT,
                "?uploadId=u&partNumber=10000&x-id=UploadPart",
                part("u", 10_000),
            ),
            (Method::PUT, "?partNumber=0&uploadId=u", None),
            (Method::PUT, "?partNumber=10001&uploadId=u", None),
            (Method::PUT, "?partNumber=1", None),
            (Method::PUT, "?uploadId=u", None),
            (Method::PUT, "?uploadId=&partNumber=1", None),
            (Method::PUT, "?partNumber=1&uploadId=u&uploadId=v", None),
            (Method::PUT, "?partNumber=1&partNumber=2&uploadId=u", None),
            (Method::PUT, "?tagging", None),
            (Method::PUT, "?acl", None),
            (Method::PUT, "?versionId=1", None),
            (Method::POST, "?uploadId=u", Some(Aim::Complete("u".into()))),
            (Method::POST, "?uploads", None),
            (Method::POST, "", None),
            (Method::DELETE, "", Some(Aim::Removal)),
            (Method::DELETE, "?uploadId=u", None),
            (Method::GET, "", None),
        ] {
            assert_eq!(
                aim(&method, &format!("{place}{query}")),
                expected,
                "{method} {query}"
            );
        }
        let long = format!("{place}?partNumber=1&uploadId={}", "u".repeat(1025));
        assert_eq!(aim(&Method::PUT, &long), None);
    }

    #[test]
    fn every_other_place_is_another() {
        for uri in [
            "https://store.example/bucket/another",
            "https://elsewhere.example/bucket/a%20key",
            "https://store.example:444/bucket/a%20key",
            "http://store.example/bucket/a%20key",
        ] {
            assert_eq!(aim(&Method::PUT, uri), None, "{uri}");
        }
    }
}
