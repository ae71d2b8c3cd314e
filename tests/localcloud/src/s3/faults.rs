//! Answers to what went wrong, in S3's words.

use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

use super::store::StoreError;

/// An error code that `s3s` has no name for.
pub(super) fn bad_request(code: &'static str, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(StatusCode::BAD_REQUEST);
    error
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
