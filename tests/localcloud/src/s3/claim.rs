//! What a request says about its own signature, before anyone checks it.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html>

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use time::{Duration, OffsetDateTime};

use super::refusal::Refusal;
use crate::clock::amz_date;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What a request says about its own signature.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) access_key_id: String,
    pub(super) region: String,
    pub(super) time: OffsetDateTime,
    pub(super) session_token: Option<HeaderValue>,
    pub(super) form: Form,
}

/// The two places that a signature can be in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// In the `Authorization` header.
    Header {
        /// The first header that should have been signed and was not.
        unsigned_header: Option<String>,
    },
    /// In the query of a presigned URL.
    Query {
        /// How long the URL is good for.
        expires: Duration,
    },
}

impl Claim {
    pub(super) fn of(request: &Parts) -> Result<Self, Refusal> {
        let query = Query::of(request);
        match request.headers.get(AUTHORIZATION) {
            Some(header) => Self::from_header(header, &request.headers),
            None if query.has("X-Amz-Signature") => Self::from_query(&query),
            None if query.has("Signature") => Err(Refusal::UnsupportedMechanism),
            None => Err(Refusal::Unsigned),
        }
    }

    fn from_header(header: &HeaderValue, headers: &HeaderMap) -> Result<Self, Refusal> {
        let text = header
            .to_str()
            .map_err(|_| Refusal::MalformedAuthorization)?;
        let (algorithm, fields) = text.split_once(' ').ok_or(Refusal::UnsupportedMechanism)?;
        if algorithm != ALGORITHM {
            return Err(Refusal::UnsupportedMechanism);
        }
        let field = |name: &str| {
            let of_name = |field: &'_ str| field.trim().strip_prefix(name).map(str::to_owned);
            fields
                .split(',')
                .find_map(of_name)
                .ok_or(Refusal::MalformedAuthorization)
        };
        let scope = Scope::parse(&field("Credential=")?)?;
        let signed = field("SignedHeaders=")?;
        let date = headers
            .get("x-amz-date")
            .and_then(|value| value.to_str().ok());
        Ok(Self {
            access_key_id: scope.access_key_id,
            region: scope.region,
            time: parse_time(date)?,
            session_token: headers.get("x-amz-security-token").cloned(),
            form: Form::Header {
                unsigned_header: unsigned_header(headers, &signed),
            },
        })
    }

    fn from_query(query: &Query) -> Result<Self, Refusal> {
        if query.value("X-Amz-Algorithm").as_deref() != Some(ALGORITHM) {
            return Err(Refusal::UnsupportedMechanism);
        }
        let credential = query.value("X-Amz-Credential");
        let scope = Scope::parse(&credential.ok_or(Refusal::MalformedAuthorization)?)?;
        let expires: i64 = query
            .value("X-Amz-Expires")
            .and_then(|text| text.parse().ok())
            .filter(|seconds| (1..=MAX_EXPIRES_SECONDS).contains(seconds))
            .ok_or(Refusal::MalformedAuthorization)?;
        let token = query.value("X-Amz-Security-Token");
        Ok(Self {
            access_key_id: scope.access_key_id,
            region: scope.region,
            time: parse_time(query.value("X-Amz-Date").as_deref())?,
            session_token: token.and_then(|token| HeaderValue::try_from(token).ok()),
            form: Form::Query {
                expires: Duration::seconds(expires),
            },
        })
    }
}

/// Seven days, S3's limit for presigned URLs.
const MAX_EXPIRES_SECONDS: i64 = 7 * 24 * 60 * 60;

/// `KEY/20260101/REGION/s3/aws4_request`.
struct Scope {
    access_key_id: String,
    region: String,
}

impl Scope {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let fields: Vec<&str> = text.split('/').collect();
        match fields[..] {
            [access_key_id, _date, region, "s3", "aws4_request"] => Ok(Self {
                access_key_id: access_key_id.to_owned(),
                region: region.to_owned(),
            }),
            _ => Err(Refusal::MalformedAuthorization),
        }
    }
}

/// S3 wants `host` and every `x-amz-` header signed.
fn unsigned_header(headers: &HeaderMap, signed: &str) -> Option<String> {
    headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| *name == "host" || name.starts_with("x-amz-"))
        .find(|name| !signed.split(';').any(|other| other == *name))
        .map(str::to_owned)
}

fn parse_time(text: Option<&str>) -> Result<OffsetDateTime, Refusal> {
    text.and_then(amz_date).ok_or(Refusal::MissingDate)
}

struct Query(Vec<(String, String)>);

impl Query {
    fn of(request: &Parts) -> Self {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = request.uri.query().unwrap_or_default().split('&');
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decode(name), decode(value)))
                .collect(),
        )
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    fn value(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use http::Request;
    use time::macros::datetime;

    const AUTH: &str = "AWS4-HMAC-SHA256 Credential=ASIAX/20260102/ap-northeast-1/s3/aws4_request, \
                        SignedHeaders=host;x-amz-date, Signature=00";

    fn claim(authorization: &str, extra: &str, uri: &str) -> Result<Claim, Refusal> {
        let mut request = Request::builder()
            .uri(uri)
            .header("host", "localhost")
            .header("x-amz-date", "20260102T030405Z");
        if !authorization.is_empty() {
            request = request.header("authorization", authorization);
        }
        if !extra.is_empty() {
            request = request.header(extra, "value");
        }
        Claim::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_signed_header_names_key_region_and_time() {
        let claim = claim(AUTH, "", "/b/k").expect("well formed");
        assert_eq!(claim.access_key_id, "ASIAX");
        assert_eq!(claim.region, "ap-northeast-1");
        assert_eq!(claim.time, datetime!(2026-01-02 03:04:05 UTC));
        assert_eq!(
            claim.form,
            Form::Header {
                unsigned_header: None
            }
        );
    }

    #[test]
    fn an_amz_header_outside_the_signature_is_noticed() {
        let claim = claim(AUTH, "x-amz-meta-owner", "/b/k").expect("well formed");
        let name = Some("x-amz-meta-owner".to_owned());
        assert_eq!(
            claim.form,
            Form::Header {
                unsigned_header: name
            }
        );
    }

    #[test]
    fn other_mechanisms_and_none_are_told_apart() {
        let refusal = |authorization, uri| claim(authorization, "", uri).expect_err("refused");
        assert!(matches!(refusal("", "/b/k"), Refusal::Unsigned));
        assert!(matches!(
            refusal("AWS key:sig", "/b/k"),
            Refusal::UnsupportedMechanism
        ));
        assert!(matches!(
            refusal("", "/b/k?Signature=x"),
            Refusal::UnsupportedMechanism
        ));
        assert!(matches!(
            refusal(&AUTH.replace("/s3/", "/sts/"), "/"),
            Refusal::MalformedAuthorization
        ));
    }
}
