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
    /// Perhaps something else that nobody knows: takes it away, or makes it in another way.
    Other,
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
    /// What the request does to the object; nothing if it goes elsewhere, or only reads it or
    /// concerns its tags and the like.
    pub(super) fn aim(&self, method: &Method, uri: &Uri) -> Option<Aim> {
        if method.is_safe() || !self.is(uri) || is_aside(method, uri) {
            return None;
        }
        let Some(query) = Query::of(uri) else {
            return Some(Aim::Other);
        };
        match (method, query.upload, query.part) {
            (&Method::PUT, None, None) => Some(Aim::Object),
            (&Method::PUT, Some(upload), Some(number)) => Some(Aim::Part(Part { upload, number })),
            (&Method::POST, Some(upload), None) => Some(Aim::Complete(upload)),
            // Its parts are gone, and with them what could be made of them.
            (&Method::DELETE, Some(_), None) => None,
            _ => Some(Aim::Other),
        }
    }
}

/// Whether a request leaves the object's bytes alone: it begins a multipart upload, or is about what
/// is kept beside the object.
fn is_aside(method: &Method, uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    match *method {
        Method::POST => query == "uploads" || query == "uploads=",
        Method::PUT => ["acl", "tagging", "retention", "legal-hold"]
            .into_iter()
            .any(|name| {
                query
                    .strip_prefix(name)
                    .is_some_and(|rest| matches!(rest, "" | "="))
            }),
        _ => false,
    }
}

/// Whether the store makes of the body what it is not: takes the bytes from another object, or adds
/// them to this one.
pub(super) fn is_amended(headers: &HeaderMap) -> bool {
    headers.contains_key("x-amz-copy-source") || headers.contains_key("x-amz-write-offset-bytes")
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
                "x-id" => {}
                _ if is_signature(name) => {}
                _ => return None,
            }
        }
        Some(query)
    }
}

/// The parameters of a signature ("Authenticating Requests: Using Query Parameters", Amazon S3 API
/// Reference). Header fields can stand in a query like them, and are not taken for them.
fn is_signature(name: &str) -> bool {
    let names = [
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    ];
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
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
            (Method::PUT, "?tagging", None),
            (Method::PUT, "?acl=", None),
            (Method::POST, "?uploadId=u", Some(Aim::Complete("u".into()))),
            (Method::POST, "?uploads", None),
            (Method::DELETE, "?uploadId=u", None),
            (Method::GET, "", None),
            (Method::HEAD, "?versionId=1", None),
        ] {
            assert_eq!(
                aim(&method, &format!("{place}{query}")),
                expected,
                "{method} {query}"
            );
        }
    }

    #[test]
    fn what_could_be_understood_in_two_ways_may_be_anything() {
        let long = format!("?partNumber=1&uploadId={}", "u".repeat(1025));
        for (method, query) in [
            (Method::PUT, "?unknown"),
            (Method::PUT, "?partNumber=0&uploadId=u"),
            (Method::PUT, "?partNumber=10001&uploadId=u"),
            (Method::PUT, "?partNumber=1"),
            (Method::PUT, "?partNumber=1&uploadid=u"),
            (Method::PUT, "?uploadId=u"),
            (Method::PUT, "?uploadId=&partNumber=1"),
            (Method::PUT, "?partNumber=1&uploadId=u&uploadId=v"),
            (Method::PUT, "?partNumber=1&partNumber=2&uploadId=u"),
            (Method::PUT, "?partNumber=1&uploadId=u&unknown"),
            (Method::PUT, "?tagging&partNumber=1&uploadId=u"),
            (Method::PUT, "?x-amz-copy-source=%2Fbucket%2Fother"),
            (
                Method::PUT,
                "?X-Amz-Content-Sha256=STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            ),
            (Method::PUT, "?versionId=1"),
            (Method::PUT, &long),
            (Method::POST, ""),
            (Method::POST, "?uploads&uploadId=u"),
            (Method::PATCH, ""),
            (Method::DELETE, ""),
            (Method::DELETE, "?versionId=1"),
        ] {
            let uri = format!("https://store.example/bucket/a%20key{query}");
            assert_eq!(aim(&method, &uri), Some(Aim::Other), "{method} {query}");
        }
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
