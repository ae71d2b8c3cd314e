//! What a refusal of S3 means.

use http::StatusCode;

use super::address::Region;
use super::bucket::Bucket;
use super::destination::Destination;
use super::document::{self, Document};
use super::listing::Listing;
use super::operation::Operation;
use super::store::Store;
use crate::error::{Error, ErrorKind};
use crate::excerpt::{excerpt, identifier};
use crate::response::Response;

/// The refusal in an answer about an object, or nothing if the answer is a success.
///
/// A 2xx counts as a refusal too when its body is an `<Error>` document, which S3 may send
/// after it has already promised a 200.
pub fn refusal(
    response: &Response,
    operation: Operation<'_>,
    destination: &Destination,
) -> Option<Error> {
    let Destination { store, bucket, key } = destination;
    let subject = Subject {
        store,
        bucket,
        failed: format!("cannot {} `{destination}`", operation.verb()),
        permission: operation.permission(),
        resource: bucket.arn_of(key.as_str()),
    };
    subject.refusal(response)
}

/// As [`refusal`], for an answer about the uploads of a bucket.
pub fn listing_refusal(response: &Response, listing: &Listing) -> Option<Error> {
    let subject = Subject {
        store: &listing.store,
        bucket: &listing.bucket,
        failed: format!("cannot list the multipart uploads of `{listing}`"),
        permission: "s3:ListBucketMultipartUploads",
        resource: listing.bucket.arn(),
    };
    subject.refusal(response)
}

/// The region that the bucket is in, where an answer is a refusal for that reason: the same
/// request may be made there ([`Store::in_region`]).
pub fn other_region(response: &Response, store: &Store) -> Option<Region> {
    let document = document::parse(response.body()).unwrap_or_default();
    misdirected(response, &document, store)
}

/// What a refused request was about.
struct Subject<'a> {
    store: &'a Store,
    bucket: &'a Bucket,
    /// What could not be done, on what.
    failed: String,
    /// The IAM action that allows it.
    permission: &'static str,
    /// The ARN of what it must be allowed on.
    resource: String,
}

impl Subject<'_> {
    fn refusal(&self, response: &Response) -> Option<Error> {
        let document = document::parse(response.body());
        if response.status().is_success() && document.is_none() {
            return None;
        }
        let document = document.unwrap_or_default();
        let region = misdirected(response, &document, self.store);
        let error = match &region {
            Some(region) => self.elsewhere(region),
            None => self.ordinary(response, &document),
        };
        Some(Error {
            status: Some(response.status().as_u16()),
            code: identifier(&document.code),
            request_id: response
                .identifier("x-amz-request-id")
                .or_else(|| identifier(&document.request_id)),
            retry_after: response.retry_after(),
            ..error
        })
    }

    fn elsewhere(&self, region: &Region) -> Error {
        let (bucket, ours) = (self.bucket, self.store.region());
        let message = format!("bucket `{bucket}` is in region {region}, not in {ours}");
        Error::new(ErrorKind::InvalidInput, message).with_cure(format!(
            "set the region of S3 (`s3.region` in the configuration) to \"{region}\""
        ))
    }

    fn ordinary(&self, response: &Response, document: &Document) -> Error {
        let status = response.status();
        let kind = classify(status, &document.code);
        let why = match (document.code.as_str(), document.message.as_str()) {
            ("", _) => format!("the store answered {status}"),
            (code, "") => excerpt(code),
            (code, message) => format!("{} ({})", excerpt(message), excerpt(code)),
        };
        Error {
            cure: self.cure(kind, &document.code, status),
            ..Error::new(kind, format!("{}: {why}", self.failed))
        }
    }

    fn cure(&self, kind: ErrorKind, code: &str, status: StatusCode) -> Option<String> {
        let Self { bucket, store, .. } = self;
        let region = store.region();
        let advice = match (code, kind) {
            ("NoSuchBucket", _) => format!(
                "check the bucket's name and the account, or create it with: \
                 aws s3 mb s3://{bucket} --region {region}"
            ),
            ("AccessDenied" | "", ErrorKind::Denied) => format!(
                "allow {} on {} to the role behind the role alias; check also the \
                 bucket's policy, and that a KMS key it uses may be used",
                self.permission,
                excerpt(&self.resource)
            ),
            ("InvalidAccessKeyId" | "SignatureDoesNotMatch", _) => format!(
                "check that {} belongs to the same account and partition as the credentials, and \
                 that nothing in between changes headers",
                store.endpoint()
            ),
            (_, ErrorKind::ClockSkew) => {
                "set this device's clock, and check its time synchronisation".to_owned()
            }
            ("NoSuchKey", _) => {
                "check the key: `if-match` is for an object that is there".to_owned()
            }
            ("EntityTooSmall", _) => {
                "raise `part-size`: this store takes no parts so small".to_owned()
            }
            ("NotImplemented", _) | ("", ErrorKind::Unsupported) => {
                "this store may not know the checksum: send another one, send it in a header, or turn \
                 it off"
                    .to_owned()
            }
            _ if status.is_redirection() => format!(
                "check the region and the endpoint {}: the store points elsewhere",
                store.endpoint()
            ),
            _ => return None,
        };
        Some(advice)
    }
}

fn misdirected(response: &Response, document: &Document, store: &Store) -> Option<Region> {
    let misdirected = matches!(response.status().as_u16(), 301 | 307 | 308 | 400);
    let header = response.text("x-amz-bucket-region");
    let said = header
        .and_then(|header| header.parse().ok())
        .or_else(|| document.region.parse().ok());
    said.filter(|said| misdirected && said != store.region())
}

/// The kind of a refusal: by its code, and by its status where there is no code or an
/// unknown one (proxies, answers without a body, other stores).
pub(crate) fn classify(status: StatusCode, code: &str) -> ErrorKind {
    match code {
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidToken"
        // MinIO's.
        | "InvalidTokenId"
        | "TokenRefreshRequired" => ErrorKind::ExpiredCredentials,
        "RequestTimeTooSkewed" => ErrorKind::ClockSkew,
        "SlowDown"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        // Other services', as AWS's SDKs know them.
        | "ProvisionedThroughputExceededException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "PriorRequestNotComplete"
        | "TransactionInProgressException" => ErrorKind::Throttled,
        code if code.starts_with("Throttl") || code.starts_with("TooManyRequests") => {
            ErrorKind::Throttled
        }
        "RequestTimeout" => ErrorKind::Timeout,
        "InternalError" => ErrorKind::Server,
        "ServiceUnavailable" | "TemporaryRedirect" => ErrorKind::Unavailable,
        "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => {
            ErrorKind::Integrity
        }
        "IncompleteBody" => ErrorKind::Network,
        "EntityTooLarge" | "MaxMessageLengthExceeded" => ErrorKind::TooLarge,
        "NotImplemented" => ErrorKind::Unsupported,
        "NoSuchBucket" | "NoSuchKey" | "NoSuchUpload" => ErrorKind::NotFound,
        "AccessDenied" | "AllAccessDisabled" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
            ErrorKind::Denied
        }
        "PreconditionFailed" => ErrorKind::PreconditionFailed,
        "ConditionalRequestConflict" | "OperationAborted" => ErrorKind::Conflict,
        _ => by_status(status),
    }
}

fn by_status(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        409 => ErrorKind::Conflict,
        412 => ErrorKind::PreconditionFailed,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::Throttled,
        400..=499 => ErrorKind::InvalidInput,
        501 => ErrorKind::Unsupported,
        307 | 503 => ErrorKind::Unavailable,
        // A 200 whose `<Error>` has an unknown code is the server's late change of mind.
        200..=299 | 500..=599 => ErrorKind::Server,
        _ => ErrorKind::Protocol,
    }
}

#[cfg(test)]
mod tests;
