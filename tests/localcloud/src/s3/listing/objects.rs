//! Lists of objects, in both versions of the operation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object as ObjectEntry, ObjectStorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::page::{Entry, Page, Query};
use super::{Encoding, limit};
use crate::s3::objects::checksum_type;
use crate::s3::operations::Operations;
use crate::s3::store::Object;

pub(in crate::s3) fn list_v2(
    operations: &Operations,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let S3Request { input, headers, .. } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let token = input
        .continuation_token
        .as_deref()
        .map(decode_token)
        .transpose()?;
    let max_keys = limit(input.max_keys)?;
    let page = Page::of(
        &bucket,
        &Query {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().filter(|text| !text.is_empty()),
            after: input.start_after.as_deref().filter(|_| token.is_none()),
            resume: token.as_deref(),
            limit: max_keys,
        },
    );
    let encoding = Encoding::of(input.encoding_type);
    let (contents, common_prefixes) = entries(&page, &encoding);
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoding.apply(&input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(|text| encoding.apply(&text)),
        start_after: input.start_after.map(|text| encoding.apply(&text)),
        max_keys: i32::try_from(max_keys).ok(),
        key_count: i32::try_from(page.entries.len()).ok(),
        is_truncated: Some(page.next.is_some()),
        continuation_token: input.continuation_token,
        next_continuation_token: page.next.map(|next| URL_SAFE_NO_PAD.encode(next)),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        encoding_type: encoding.0,
        request_charged: None,
    }))
}

/// The older version, which some clients still speak. Its marker is the last
/// entry of the page before.
pub(in crate::s3) fn list_v1(
    operations: &Operations,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let S3Request { input, headers, .. } = request;
    let bucket = operations.bucket(&input.bucket, &headers)?;
    let max_keys = limit(input.max_keys)?;
    let page = Page::of(
        &bucket,
        &Query {
            prefix: input.prefix.as_deref().unwrap_or_default(),
            delimiter: input.delimiter.as_deref().filter(|text| !text.is_empty()),
            after: None,
            resume: input.marker.as_deref(),
            limit: max_keys,
        },
    );
    let encoding = Encoding::of(input.encoding_type);
    let (contents, common_prefixes) = entries(&page, &encoding);
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.apply(&input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(|text| encoding.apply(&text)),
        marker: Some(encoding.apply(&input.marker.unwrap_or_default())),
        max_keys: i32::try_from(max_keys).ok(),
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.map(|next| encoding.apply(&next)),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        encoding_type: encoding.0,
        request_charged: None,
    }))
}

fn entries(page: &Page, encoding: &Encoding) -> (Vec<ObjectEntry>, Vec<CommonPrefix>) {
    let (mut contents, mut common_prefixes) = (vec![], vec![]);
    for entry in &page.entries {
        match entry {
            Entry::Object(object) => contents.push(object_entry(object, encoding)),
            Entry::Prefix(prefix) => {
                common_prefixes.push(CommonPrefix {
                    prefix: Some(encoding.apply(prefix)),
                });
            }
        }
    }
    (contents, common_prefixes)
}

fn object_entry(object: &Object, encoding: &Encoding) -> ObjectEntry {
    ObjectEntry {
        key: Some(encoding.apply(&object.key)),
        size: i64::try_from(object.size).ok(),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(object.modified.into()),
        checksum_algorithm: Some(vec![ChecksumAlgorithm::from_static(
            object.checksum.algorithm.name(),
        )]),
        checksum_type: Some(checksum_type(object.checksum.form)),
        storage_class: Some(ObjectStorageClass::from(
            object.headers.storage_class().to_owned(),
        )),
        ..ObjectEntry::default()
    }
}

fn decode_token(token: &str) -> S3Result<String> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "The continuation token provided is incorrect"
            )
        })
}
