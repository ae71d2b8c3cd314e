//! Operations on multipart uploads.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::checksum::{Algorithm, Form, set_checksum};
use super::encryption::{CustomerKey, Use};
use super::headers::{Answer, Headers};
use super::intake::{self, Claims};
use super::objects::{checksum_type, conditions, hex};
use super::operations::{Operations, joined};
use super::store::{Draft, NewUpload, Part, Upload};

mod assembly;
mod completion;

use assembly::assemble;
use completion::Completion;

pub(super) async fn create(
    operations: &Operations,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let S3Request { input, headers, .. } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let explicit = input.checksum_algorithm.is_some();
    let algorithm = match input.checksum_algorithm {
        None => Algorithm::DEFAULT,
        Some(name) => Algorithm::named(name.as_str()).ok_or_else(|| {
            s3_error!(
                InvalidRequest,
                "Checksum algorithm provided is unsupported."
            )
        })?,
    };
    let form = match input.checksum_type {
        None => algorithm.default_form(),
        Some(name) => Form::named(name.as_str())
            .filter(|form| algorithm.supports(*form))
            .ok_or_else(|| {
                s3_error!(
                    InvalidRequest,
                    "The {} checksum type cannot be used with the {} checksum algorithm.",
                    name.as_str(),
                    algorithm.name()
                )
            })?,
    };
    let now = operations.context.clock.now();
    let about = NewUpload {
        key: input.key.clone(),
        initiated: now,
        algorithm,
        form,
        explicit,
        headers: Headers::of(&headers, now)?,
    };
    let answer_headers = about.headers.in_answer(Answer::Write);
    let id = upload_id().map_err(S3Error::internal_error)?;
    let made = id.clone();
    joined(move || bucket.uploads.create(&made, about)).await?;
    let output = CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: Some(ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: Some(checksum_type(form)),
        ..CreateMultipartUploadOutput::default()
    };
    Ok(S3Response::with_headers(output, answer_headers))
}

pub(super) async fn upload_part(
    operations: &Operations,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let S3Request {
        input,
        headers,
        trailing_headers,
        ..
    } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let number = part_number(input.part_number)?;
    let upload = bucket.uploads.upload(&input.key, &input.upload_id)?;
    CustomerKey::check(upload.about.headers.customer_key(), &headers, Use::Part)?;
    let claims = Claims::of(&headers, trailing_headers)?;
    let algorithms = part_algorithms(&upload, claims.algorithm())?;
    let file = operations.store.incoming()?;
    let received = intake::receive(input.body, file, &algorithms).await?;
    claims.verify(&received)?;
    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(hex(received.md5))),
        ..UploadPartOutput::default()
    };
    for (algorithm, value) in &received.checksums {
        set_checksum!(output, algorithm, value.clone());
    }
    let checksum = received
        .checksums
        .get(&upload.about.algorithm)
        .cloned()
        .unwrap_or_default();
    let now = operations.context.clock.now();
    let part = Part::new(number, received.size, hex(received.md5), checksum, now);
    let answer_headers = upload.about.headers.in_answer(Answer::Part);
    joined(move || bucket.uploads.put_part(&upload.id, part, received.file)).await?;
    Ok(S3Response::with_headers(output, answer_headers))
}

pub(super) async fn complete(
    operations: &Operations,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let S3Request {
        mut input, headers, ..
    } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let upload = bucket.uploads.upload(&input.key, &input.upload_id)?;
    let conditions = conditions(input.if_match.take(), input.if_none_match.take())?;
    let Completion {
        parts,
        checksum,
        etag,
        size,
    } = Completion::of(&upload, &input)?;
    let draft = Draft {
        key: input.key.clone(),
        size,
        etag,
        modified: operations.context.clock.now(),
        checksum,
        headers: upload.about.headers.clone(),
        parts: parts.iter().map(|part| part.size).collect(),
    };
    let file = operations.store.incoming()?;
    let target = Arc::clone(&bucket);
    let object = joined(move || {
        let file = assemble(&bucket.uploads, &upload, &parts, file)?;
        let object = bucket.put(draft, file, &conditions)?;
        bucket.uploads.remove(&upload.about.key, &upload.id)?;
        Ok(object)
    })
    .await?;
    operations.context.counters.objects_put.count();
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", target.name(), object.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        checksum_type: Some(checksum_type(object.checksum.form)),
        ..CompleteMultipartUploadOutput::default()
    };
    set_checksum!(
        output,
        object.checksum.algorithm,
        object.checksum.value.clone()
    );
    Ok(S3Response::with_headers(
        output,
        object.headers.in_answer(Answer::Completion),
    ))
}

pub(super) async fn abort(
    operations: &Operations,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let S3Request { input, headers, .. } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    joined(move || bucket.uploads.remove(&input.key, &input.upload_id)).await?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

/// Random, and good as a file name.
fn upload_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 48];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn part_number(number: i32) -> S3Result<u16> {
    u16::try_from(number)
        .ok()
        .filter(|number| (1..=10_000).contains(number))
        .ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            )
        })
}

/// What a part is hashed with: always the upload's algorithm, and the one that
/// the client brings if it did not choose when the upload began.
fn part_algorithms(upload: &Upload, brought: Option<Algorithm>) -> S3Result<Vec<Algorithm>> {
    let own = upload.about.algorithm;
    match brought {
        Some(other) if other != own && upload.about.explicit => Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            own.name(),
            other.name()
        )),
        Some(other) if other != own => Ok(vec![own, other]),
        _ => Ok(vec![own]),
    }
}
