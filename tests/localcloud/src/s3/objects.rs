//! Operations on objects.

use std::fs::File;
use std::sync::Arc;

use s3s::dto::{
    ChecksumMode, ChecksumType, DeleteObjectInput, DeleteObjectOutput, ETag, ETagCondition,
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, PutObjectInput,
    PutObjectOutput, Range,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::checksum::{Algorithm, Checksum, Form, set_checksum};
use super::encryption::{CustomerKey, Use};
use super::headers::{Answer, Headers};
use super::intake::{self, Claims};
use super::lock;
use super::operations::{Operations, joined};
use super::store::{Bucket, Conditions, Draft, Object, StoreError};

pub(super) mod attributes;
mod reading;

use reading::{Extent, ReadConditions, file_body};

pub(super) async fn put(
    operations: &Operations,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let S3Request {
        input,
        headers,
        trailing_headers,
        ..
    } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let conditions = conditions(input.if_match, input.if_none_match)?;
    let now = operations.context.clock.now();
    let kept = Headers::of(&headers, now)?;
    let claims = Claims::of(&headers, trailing_headers)?;
    lock::check_integrity(&headers, claims.bring_a_checksum())?;
    let algorithm = claims.algorithm().unwrap_or(Algorithm::DEFAULT);
    let file = operations.store.incoming()?;
    let received = intake::receive(input.body, file, &[algorithm]).await?;
    claims.verify(&received)?;
    let draft = Draft {
        key: input.key,
        size: received.size,
        etag: hex(received.md5),
        modified: now,
        checksum: Checksum {
            algorithm,
            form: Form::FullObject,
            value: received
                .checksums
                .get(&algorithm)
                .cloned()
                .unwrap_or_default(),
        },
        headers: kept,
        parts: vec![],
    };
    let file = received.file;
    let object = joined(move || bucket.put(draft, file, &conditions)).await?;
    operations.context.counters.objects_put.count();
    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        checksum_type: Some(checksum_type(object.checksum.form)),
        ..PutObjectOutput::default()
    };
    set_checksum!(
        output,
        object.checksum.algorithm,
        object.checksum.value.clone()
    );
    Ok(S3Response::with_headers(
        output,
        object.headers.in_answer(Answer::Write),
    ))
}

/// What a GET or HEAD asks for: two types, the same fields.
macro_rules! asked {
    ($input:ident) => {
        Asked {
            conditions: ReadConditions {
                matches: $input.if_match,
                none_match: $input.if_none_match,
                modified_since: $input.if_modified_since,
                unmodified_since: $input.if_unmodified_since,
            },
            range: $input.range,
            part_number: $input.part_number,
            checksum: $input
                .checksum_mode
                .is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED),
        }
    };
}

/// What the answer to a GET or HEAD says: two types, the same fields.
macro_rules! described {
    ($output:ident, $found:ident) => {{
        let object = &$found.object;
        let mut output = $output {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some($found.length),
            content_range: $found.extent.content_range(object),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(object.modified.into()),
            parts_count: $found.parts_count,
            ..$output::default()
        };
        if $found.checksum {
            output.checksum_type = Some(checksum_type(object.checksum.form));
            set_checksum!(
                output,
                object.checksum.algorithm,
                object.checksum.value.clone()
            );
        }
        output
    }};
}

pub(super) async fn get(
    operations: &Operations,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let S3Request { input, headers, .. } = request;
    let asked = asked!(input);
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let found = find(operations, bucket, input.key, asked).await?;
    let customer_key = found.object.headers.customer_key();
    CustomerKey::check(customer_key, &headers, Use::Read)?;
    let mut output = described!(GetObjectOutput, found);
    output.body = Some(file_body(found.file, &found.extent));
    Ok(S3Response::with_headers(
        output,
        found.object.headers.in_answer(Answer::Read),
    ))
}

pub(super) async fn head(
    operations: &Operations,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let S3Request { input, headers, .. } = request;
    let asked = asked!(input);
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let found = find(operations, bucket, input.key, asked).await?;
    let customer_key = found.object.headers.customer_key();
    CustomerKey::check(customer_key, &headers, Use::Read)?;
    let output = described!(HeadObjectOutput, found);
    Ok(S3Response::with_headers(
        output,
        found.object.headers.in_answer(Answer::Read),
    ))
}

pub(super) async fn delete(
    operations: &Operations,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let S3Request { input, headers, .. } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    joined(move || bucket.delete(&input.key, input.if_match.as_ref())).await?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

/// The conditions of a write. S3 knows `If-None-Match` only as `*` there.
pub(super) fn conditions(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> S3Result<Conditions> {
    let if_absent = if_none_match.is_some();
    if if_none_match.is_some_and(|condition| !condition.is_any()) {
        return Err(s3_error!(
            NotImplemented,
            "A header you provided implies functionality that is not implemented"
        ));
    }
    Ok(Conditions {
        if_match,
        if_absent,
    })
}

pub(super) fn checksum_type(form: Form) -> ChecksumType {
    ChecksumType::from_static(form.name())
}

pub(super) fn hex(md5: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(md5))
}

/// What a GET or HEAD asks for, besides the key.
struct Asked {
    conditions: ReadConditions,
    range: Option<Range>,
    part_number: Option<i32>,
    checksum: bool,
}

/// An object that answers a GET or HEAD.
struct Found {
    object: Arc<Object>,
    file: File,
    extent: Extent,
    length: i64,
    parts_count: Option<i32>,
    /// Whether the answer is to tell the object's checksum.
    checksum: bool,
}

async fn find(
    operations: &Operations,
    bucket: Arc<Bucket>,
    key: String,
    asked: Asked,
) -> S3Result<Found> {
    let (object, file) = open(operations, bucket, key).await?;
    asked.conditions.check(&object)?;
    let extent = Extent::of(&object, asked.range, asked.part_number)?;
    // S3 tells the number of parts only to who asks for one of them.
    let count = asked
        .part_number
        .and_then(|_| i32::try_from(object.parts.len()).ok());
    Ok(Found {
        length: extent.length()?,
        parts_count: count.filter(|count| *count > 0),
        checksum: asked.checksum && extent.is_whole(),
        object,
        file,
        extent,
    })
}

/// Who may not list a bucket is not told which keys it lacks.
async fn open(
    operations: &Operations,
    bucket: Arc<Bucket>,
    key: String,
) -> S3Result<(Arc<Object>, File)> {
    let may_list = operations.policy.allows("s3:ListBucket");
    let found = tokio::task::spawn_blocking(move || bucket.object(&key)).await;
    let found = found.map_err(S3Error::internal_error)?;
    found.map_err(|error| match error {
        StoreError::NoSuchKey if !may_list => s3_error!(AccessDenied, "Access Denied"),
        error => error.into(),
    })
}
