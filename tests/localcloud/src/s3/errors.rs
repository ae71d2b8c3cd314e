//! Answers to what went wrong, in S3's words.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use s3s::{Body, S3Error, S3ErrorCode, s3_error};

use super::store::StoreError;

/// An error code that `s3s` has no name for.
pub(super) fn bad_request(code: &'static str, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(StatusCode::BAD_REQUEST);
    error
}

/// An error answer that `s3s` has no part in.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
pub(super) fn error_answer(
    status: StatusCode,
    code: &str,
    message: &str,
    details: &str,
    request_id: &str,
) -> Response<Body> {
    let message = escape(message);
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message>{details}\
         <RequestId>{request_id}</RequestId></Error>"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

/// Text as the content of an XML element.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The code and message that S3 has for a status when nothing more is known.
pub(super) fn usual(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        301 => (
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        ),
        307 => (
            "TemporaryRedirect",
            "Please re-send this request to the specified temporary endpoint.",
        ),
        400 => ("InvalidRequest", "Invalid Request"),
        403 => ("AccessDenied", "Access Denied"),
        404 => ("NoSuchKey", "The specified key does not exist."),
        408 => (
            "RequestTimeout",
            "Your socket connection to the server was not read from or written to within the \
             timeout period.",
        ),
        409 => (
            "ConditionalRequestConflict",
            "The conditional request cannot succeed due to a conflicting operation.",
        ),
        412 => (
            "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold",
        ),
        429 => ("TooManyRequests", "Please reduce your request rate."),
        501 => (
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        ),
        503 => ("SlowDown", "Please reduce your request rate."),
        _ => (
            "InternalError",
            "We encountered an internal error. Please try again.",
        ),
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchBucket => {
                s3_error!(NoSuchBucket, "The specified bucket does not exist")
            }
            StoreError::NoSuchKey => s3_error!(NoSuchKey, "The specified key does not exist."),
            StoreError::NoSuchUpload => s3_error!(
                NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload \
                 may have been aborted or completed."
            ),
            StoreError::PreconditionFailed => s3_error!(
                PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold"
            ),
            StoreError::Files(cause) => {
                let mut error = s3_error!(InternalError, "We encountered an internal error.");
                error.set_source(Box::new(cause));
                error
            }
        }
    }
}
