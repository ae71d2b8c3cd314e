//! Amazon S3: the bucket.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use sha2::{Digest, Sha256};

use super::TAG;
use crate::Error;
use crate::document;
use crate::wire::{Asked, Service, Wire};

/// A bucket as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Encrypted, not public, rid of abandoned uploads, as the documents want it.
    pub(crate) is_protected: bool,
    pub(crate) is_ours: bool,
}

/// What is there by that name. Another account's answers that access is denied.
pub(crate) fn bucket(wire: &Wire, name: &str) -> Result<Option<Bucket>, Error> {
    let location = ask(
        wire,
        "s3:GetBucketLocation",
        Method::GET,
        name,
        "?location",
        None,
    );
    match location {
        Err(error) if error.is_absence() => return Ok(None),
        answer => drop(answer?),
    }
    let has = |action, what: &str, part: &str| {
        match ask(wire, action, Method::GET, name, what, None) {
            // Each has an error of its own for "none".
            Err(Error::Refused { status: 404, .. }) => Ok(false),
            answer => answer.map(|text| text.contains(part)),
        }
    };
    let is_protected = has(
        "s3:GetLifecycleConfiguration",
        "?lifecycle",
        "AbortIncompleteMultipartUpload",
    )? && has(
        "s3:GetBucketPublicAccessBlock",
        "?publicAccessBlock",
        "<RestrictPublicBuckets>true",
    )? && has(
        "s3:GetEncryptionConfiguration",
        "?encryption",
        "SSEAlgorithm",
    )?;
    Ok(Some(Bucket {
        is_protected,
        is_ours: has("s3:GetBucketTagging", "?tagging", TAG.0)?,
    }))
}

pub(crate) fn create(wire: &Wire, name: &str) -> Result<(), Error> {
    let region = wire.region();
    // The one region that is not named (S3 API reference, `CreateBucket`).
    let body = (region != "us-east-1").then(|| {
        format!(
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        )
    });
    match ask(
        wire,
        "s3:CreateBucket",
        Method::PUT,
        name,
        "",
        body.as_deref(),
    ) {
        Err(error) if error.has_code("BucketAlreadyOwnedByYou") => {}
        done => drop(done?),
    }
    let tags = format!(
        "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag><Key>{}</Key><Value>{}</Value></Tag></TagSet></Tagging>",
        TAG.0, TAG.1
    );
    put(wire, "s3:PutBucketTagging", name, "?tagging", &tags)
}

pub(crate) fn protect(wire: &Wire, name: &str) -> Result<(), Error> {
    put(
        wire,
        "s3:PutBucketPublicAccessBlock",
        name,
        "?publicAccessBlock",
        document::NOT_PUBLIC,
    )?;
    put(
        wire,
        "s3:PutEncryptionConfiguration",
        name,
        "?encryption",
        document::ENCRYPTION,
    )?;
    put(
        wire,
        "s3:PutLifecycleConfiguration",
        name,
        "?lifecycle",
        document::LIFECYCLE,
    )
}

/// Deletes it, if nothing is in it.
pub(crate) fn delete(wire: &Wire, name: &str) -> Result<(), Error> {
    ask(wire, "s3:DeleteBucket", Method::DELETE, name, "", None).map(drop)
}

fn put(wire: &Wire, action: &'static str, name: &str, what: &str, body: &str) -> Result<(), Error> {
    ask(wire, action, Method::PUT, name, what, Some(body)).map(drop)
}

/// By path, which every bucket and every endpoint takes.
fn ask(
    wire: &Wire,
    action: &'static str,
    method: Method,
    name: &str,
    what: &str,
    body: Option<&str>,
) -> Result<String, Error> {
    let mut headers = Vec::new();
    if let Some(body) = body {
        headers.push(("content-type", "application/xml".to_owned()));
        // Some of these actions want to know that there is one, and which.
        headers.push(("x-amz-sdk-checksum-algorithm", "SHA256".to_owned()));
        headers.push((
            "x-amz-checksum-sha256",
            STANDARD.encode(Sha256::digest(body)),
        ));
    }
    let answer = wire.ask(&Asked {
        service: Service::S3,
        action,
        method,
        target: format!("/{name}{what}"),
        headers,
        body: body.unwrap_or_default().into(),
    })?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
