//! Operations on buckets.

use std::sync::Arc;

use s3s::dto::{
    Bucket as BucketEntry, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput,
    GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput, HeadBucketOutput,
    ListBucketsInput, ListBucketsOutput, Owner,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::operations::{Operations, joined};
use crate::{ACCOUNT_ID, REGION};

pub(super) async fn create(
    operations: &Operations,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let CreateBucketInput {
        bucket,
        create_bucket_configuration,
        ..
    } = request.input;
    let region = create_bucket_configuration.and_then(|it| it.location_constraint);
    if region.is_some_and(|region| region.as_str() != REGION) {
        return Err(s3_error!(
            IllegalLocationConstraintException,
            "The specified location constraint is incompatible for the region specific endpoint \
             this request was sent to."
        ));
    }
    let (store, now) = (
        Arc::clone(&operations.store),
        operations.context.clock.now(),
    );
    let location = format!("/{bucket}");
    if joined(move || Ok(store.create_bucket(&bucket, now)?)).await? {
        Ok(S3Response::new(CreateBucketOutput {
            location: Some(location),
        }))
    } else {
        Err(s3_error!(
            BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it."
        ))
    }
}

pub(super) fn list(
    operations: &Operations,
    request: &S3Request<ListBucketsInput>,
) -> S3Response<ListBucketsOutput> {
    let prefix = request.input.prefix.clone();
    let buckets = operations
        .store
        .buckets()
        .iter()
        .filter(|bucket| {
            prefix
                .as_ref()
                .is_none_or(|prefix| bucket.name().starts_with(prefix))
        })
        .map(|bucket| BucketEntry {
            bucket_region: Some(bucket.region()),
            creation_date: Some(bucket.created().into()),
            name: Some(bucket.name().to_owned()),
        })
        .collect();
    S3Response::new(ListBucketsOutput {
        buckets: Some(buckets),
        owner: Some(Owner {
            id: Some(ACCOUNT_ID.to_owned()),
            display_name: None,
        }),
        prefix,
        continuation_token: None,
    })
}

pub(super) fn head(
    operations: &Operations,
    request: &S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let bucket = operations.bucket(&request.input.bucket, &request.headers)?;
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(bucket.region()),
        ..HeadBucketOutput::default()
    }))
}

pub(super) fn location(
    operations: &Operations,
    request: &S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let bucket = operations.bucket(&request.input.bucket, &request.headers)?;
    let region = BucketLocationConstraint::from(bucket.region());
    Ok(S3Response::new(GetBucketLocationOutput {
        location_constraint: Some(region),
    }))
}
