//! Lists of multipart uploads and their parts.

use s3s::dto::{
    ChecksumAlgorithm, ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part as PartEntry,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Encoding, limit};
use crate::s3::checksum::{Algorithm, set_checksum};
use crate::s3::objects::checksum_type;
use crate::s3::operations::Operations;
use crate::s3::store::{Part, Upload};

pub(in crate::s3) fn parts(
    operations: &Operations,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let S3Request { input, headers, .. } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let upload = bucket.uploads.upload(&input.key, &input.upload_id)?;
    let max_parts = limit(input.max_parts)?;
    let marker = input.part_number_marker.unwrap_or(0);
    let mut rest = upload
        .parts
        .values()
        .filter(|part| i32::from(part.number) > marker);
    let page: Vec<&Part> = rest.by_ref().take(max_parts).collect();
    let is_truncated = rest.next().is_some();
    let next = page
        .last()
        .filter(|_| is_truncated)
        .map(|part| i32::from(part.number));
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        checksum_algorithm: Some(ChecksumAlgorithm::from_static(
            upload.about.algorithm.name(),
        )),
        checksum_type: Some(checksum_type(upload.about.form)),
        part_number_marker: Some(marker),
        next_part_number_marker: next,
        max_parts: i32::try_from(max_parts).ok(),
        is_truncated: Some(is_truncated),
        parts: Some(
            page.into_iter()
                .map(|part| part_entry(part, upload.about.algorithm))
                .collect(),
        ),
        ..ListPartsOutput::default()
    }))
}

pub(in crate::s3) fn uploads(
    operations: &Operations,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let S3Request { input, headers, .. } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    if input
        .delimiter
        .as_ref()
        .is_some_and(|text| !text.is_empty())
    {
        return Err(s3_error!(
            NotImplemented,
            "A delimiter is not implemented here"
        ));
    }
    let max_uploads = limit(input.max_uploads)?;
    let all = bucket.uploads.list();
    let mut rest = all.iter().filter(|upload| {
        let prefix = input.prefix.as_deref().unwrap_or_default();
        upload.about.key.starts_with(prefix) && is_after(upload, &input)
    });
    let page: Vec<&Upload> = rest.by_ref().take(max_uploads).collect();
    let is_truncated = rest.next().is_some();
    let last = page.last().filter(|_| is_truncated);
    let encoding = Encoding::of(input.encoding_type.clone());
    Ok(S3Response::new(ListMultipartUploadsOutput {
        next_key_marker: last.map(|upload| encoding.apply(&upload.about.key)),
        next_upload_id_marker: last.map(|upload| upload.id.clone()),
        uploads: Some(
            page.iter()
                .map(|upload| upload_entry(upload, &encoding))
                .collect(),
        ),
        bucket: Some(input.bucket),
        prefix: input.prefix.map(|text| encoding.apply(&text)),
        key_marker: input.key_marker.map(|text| encoding.apply(&text)),
        upload_id_marker: input.upload_id_marker,
        max_uploads: i32::try_from(max_uploads).ok(),
        is_truncated: Some(is_truncated),
        encoding_type: encoding.0,
        ..ListMultipartUploadsOutput::default()
    }))
}

/// Without an upload id the key marker's own uploads are skipped.
fn is_after(upload: &Upload, input: &ListMultipartUploadsInput) -> bool {
    let Some(key) = input.key_marker.as_ref() else {
        return true;
    };
    match input.upload_id_marker.as_ref().filter(|id| !id.is_empty()) {
        None => upload.about.key > *key,
        Some(id) => (&upload.about.key, &upload.id) > (key, id),
    }
}

fn part_entry(part: &Part, algorithm: Algorithm) -> PartEntry {
    let mut entry = PartEntry {
        part_number: Some(part.number.into()),
        size: i64::try_from(part.size).ok(),
        e_tag: Some(ETag::Strong(part.etag.clone())),
        last_modified: Some(part.modified.into()),
        ..PartEntry::default()
    };
    set_checksum!(entry, algorithm, part.checksum.clone());
    entry
}

fn upload_entry(upload: &Upload, encoding: &Encoding) -> MultipartUpload {
    MultipartUpload {
        key: Some(encoding.apply(&upload.about.key)),
        upload_id: Some(upload.id.clone()),
        initiated: Some(upload.about.initiated.into()),
        checksum_algorithm: Some(ChecksumAlgorithm::from_static(
            upload.about.algorithm.name(),
        )),
        checksum_type: Some(checksum_type(upload.about.form)),
        ..MultipartUpload::default()
    }
}
