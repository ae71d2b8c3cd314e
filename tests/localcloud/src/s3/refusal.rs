//! Requests refused before `s3s` sees them, in S3's words.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use http::{HeaderValue, Response, StatusCode};
use s3s::Body;
use time::OffsetDateTime;

use super::errors::{error_answer, escape};
use crate::clock::iso_8601;
use crate::issued::Rejected;

/// Why a request is refused whatever it asks for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Access Denied")]
    Unsigned,
    #[error(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    )]
    UnsupportedMechanism,
    #[error("The authorization that you provided is malformed.")]
    MalformedAuthorization,
    #[error("AWS authentication requires a valid Date or x-amz-date header")]
    MissingDate,
    #[error("There were headers present in the request which were not signed")]
    HeadersNotSigned(String),
    #[error(
        "The authorization header is malformed; the region '{claimed}' is wrong; expecting '{expected}'"
    )]
    WrongRegion { claimed: String, expected: String },
    #[error(
        "The bucket you are attempting to access must be addressed using the specified endpoint. \
         Please send all future requests to this endpoint."
    )]
    Elsewhere(String),
    #[error("The AWS Access Key Id you provided does not exist in our records.")]
    UnknownKey,
    #[error("The provided token is malformed or otherwise invalid.")]
    InvalidToken,
    #[error("The provided token has expired.")]
    ExpiredToken,
    #[error("The difference between the request time and the current time is too large.")]
    Skewed {
        request: OffsetDateTime,
        server: OffsetDateTime,
    },
    #[error("Request has expired")]
    UrlExpired,
}

/// S3's limit either way: 15 minutes.
pub(super) const MAX_SKEW: time::Duration = time::Duration::minutes(15);

impl Refusal {
    /// The response, without what every response carries.
    pub(super) fn response(&self, request_id: &str) -> Response<Body> {
        let (status, code) = self.status();
        let message = self.to_string();
        let mut response = error_answer(status, code, &message, &self.details(), request_id);
        if let Self::WrongRegion {
            expected: region, ..
        }
        | Self::Elsewhere(region) = self
            && let Ok(region) = HeaderValue::try_from(region)
        {
            response.headers_mut().insert("x-amz-bucket-region", region);
        }
        response
    }

    fn status(&self) -> (StatusCode, &'static str) {
        let bad_request = |code| (StatusCode::BAD_REQUEST, code);
        let forbidden = |code| (StatusCode::FORBIDDEN, code);
        match self {
            Self::Unsigned | Self::HeadersNotSigned(_) | Self::MissingDate | Self::UrlExpired => {
                forbidden("AccessDenied")
            }
            Self::UnsupportedMechanism => bad_request("InvalidRequest"),
            Self::Elsewhere(_) => (StatusCode::MOVED_PERMANENTLY, "PermanentRedirect"),
            Self::MalformedAuthorization | Self::WrongRegion { .. } => {
                bad_request("AuthorizationHeaderMalformed")
            }
            Self::UnknownKey => forbidden("InvalidAccessKeyId"),
            Self::InvalidToken => bad_request("InvalidToken"),
            Self::ExpiredToken => bad_request("ExpiredToken"),
            Self::Skewed { .. } => forbidden("RequestTimeTooSkewed"),
        }
    }

    fn details(&self) -> String {
        match self {
            Self::WrongRegion { expected, .. } => format!("<Region>{expected}</Region>"),
            Self::Elsewhere(region) => {
                format!("<Endpoint>s3.{region}.amazonaws.com</Endpoint>")
            }
            Self::HeadersNotSigned(name) => {
                format!("<HeadersNotSigned>{}</HeadersNotSigned>", escape(name))
            }
            Self::Skewed { request, server } => format!(
                "<RequestTime>{}</RequestTime><ServerTime>{}</ServerTime>\
                 <MaxAllowedSkewMilliseconds>{}</MaxAllowedSkewMilliseconds>",
                iso_8601(*request),
                iso_8601(*server),
                MAX_SKEW.whole_milliseconds(),
            ),
            _ => String::new(),
        }
    }
}

impl From<Rejected> for Refusal {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::UnknownKey => Self::UnknownKey,
            Rejected::Token => Self::InvalidToken,
            Rejected::Expired => Self::ExpiredToken,
        }
    }
}
