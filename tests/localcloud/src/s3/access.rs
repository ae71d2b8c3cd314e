//! Which key belongs to whom, and what its role may do.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderName;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use super::lock;
use crate::action::Action;
use crate::context::Context;

/// The secrets of handed-out keys, for checking signatures.
pub(super) struct Keys {
    context: Arc<Context>,
}

impl Keys {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }
}

#[async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        self.context
            .issued
            .secret(access_key)
            .map(|secret| SecretKey::from(secret.as_str()))
            .ok_or_else(|| s3_error!(InvalidAccessKeyId))
    }
}

/// What the handed-out role may do.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// `None` for everything.
    allow: Option<Vec<Action>>,
}

impl Policy {
    pub(crate) fn new(allow: Option<Vec<Action>>) -> Self {
        Self { allow }
    }

    pub(super) fn allows(&self, action: &str) -> bool {
        self.allow
            .as_ref()
            .is_none_or(|allow| allow.iter().any(|pattern| pattern.covers(action)))
    }
}

#[async_trait]
impl S3Access for Policy {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        // The frontend lets nothing unsigned through; this holds without it.
        let signed = context.credentials().is_some();
        let by_headers = context.headers().keys().filter_map(action_of_header);
        let allowed = self.allows(&action(context.s3_op().name()))
            && by_headers.into_iter().all(|action| self.allows(action));
        if signed && allowed {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
    }
}

/// The IAM action that an operation needs.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
fn action(operation: &str) -> String {
    let name = match operation {
        "ListBuckets" => "ListAllMyBuckets",
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "ListBucket",
        "HeadObject" => "GetObject",
        "DeleteObjects" => "DeleteObject",
        "CreateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload"
        | "CopyObject" => "PutObject",
        "ListParts" => "ListMultipartUploadParts",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        same => same,
    };
    format!("s3:{name}")
}

/// The IAM action that a request needs, besides that of its operation, for what
/// a header gives the object.
fn action_of_header(header: &HeaderName) -> Option<&'static str> {
    match header.as_str() {
        "x-amz-tagging" => Some("s3:PutObjectTagging"),
        "x-amz-acl" => Some("s3:PutObjectAcl"),
        lock::MODE | lock::RETAIN_UNTIL => Some("s3:PutObjectRetention"),
        lock::LEGAL_HOLD => Some("s3:PutObjectLegalHold"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn putting_alone_allows_a_multipart_upload_but_no_look_at_it() {
        let policy = Policy::new(Some(vec!["s3:PutObject".parse().unwrap()]));
        let allowed = |operation| policy.allows(&action(operation));
        for operation in [
            "PutObject",
            "CreateMultipartUpload",
            "UploadPart",
            "CompleteMultipartUpload",
        ] {
            assert!(allowed(operation), "{operation}");
        }
        for operation in [
            "HeadObject",
            "GetObject",
            "ListParts",
            "AbortMultipartUpload",
            "ListObjectsV2",
        ] {
            assert!(!allowed(operation), "{operation}");
        }
    }
}
