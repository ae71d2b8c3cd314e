//! The operations of S3, each handed to the module of its noun.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput,
    GetBucketLocationInput, GetBucketLocationOutput, GetObjectAclInput, GetObjectAclOutput,
    GetObjectInput, GetObjectLegalHoldInput, GetObjectLegalHoldOutput, GetObjectOutput,
    GetObjectRetentionInput, GetObjectRetentionOutput, GetObjectTaggingInput,
    GetObjectTaggingOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput,
    ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput,
    ListPartsOutput, PutObjectInput, PutObjectOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::access::Policy;
use super::objects::attributes;
use super::store::{Bucket, Store, StoreError};
use super::{buckets, listing, multipart, objects};
use crate::ACCOUNT_ID;
use crate::context::Context;

/// What the operations work with.
#[derive(Debug)]
pub(super) struct Operations {
    pub(super) store: Arc<Store>,
    pub(super) policy: Policy,
    pub(super) context: Arc<Context>,
}

impl Operations {
    /// A bucket, if the client is right about whose it is.
    pub(super) fn bucket(&self, name: &str, headers: &HeaderMap) -> S3Result<Arc<Bucket>> {
        let bucket = self.store.bucket(name)?;
        match headers.get("x-amz-expected-bucket-owner") {
            Some(owner) if owner.as_bytes() != ACCOUNT_ID.as_bytes() => {
                Err(s3_error!(AccessDenied, "Access Denied"))
            }
            _ => Ok(bucket),
        }
    }
}

/// Does work that blocks where it may.
pub(super) async fn joined<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> S3Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(S3Error::internal_error)??)
}

type Answer<T> = S3Result<S3Response<T>>;

#[async_trait]
impl S3 for Operations {
    async fn create_bucket(&self, it: S3Request<CreateBucketInput>) -> Answer<CreateBucketOutput> {
        buckets::create(self, it).await
    }

    async fn list_buckets(&self, it: S3Request<ListBucketsInput>) -> Answer<ListBucketsOutput> {
        Ok(buckets::list(self, &it))
    }

    async fn head_bucket(&self, it: S3Request<HeadBucketInput>) -> Answer<HeadBucketOutput> {
        buckets::head(self, &it)
    }

    async fn get_bucket_location(
        &self,
        it: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        buckets::location(self, &it)
    }

    async fn put_object(&self, it: S3Request<PutObjectInput>) -> Answer<PutObjectOutput> {
        objects::put(self, it).await
    }

    async fn get_object(&self, it: S3Request<GetObjectInput>) -> Answer<GetObjectOutput> {
        objects::get(self, it).await
    }

    async fn head_object(&self, it: S3Request<HeadObjectInput>) -> Answer<HeadObjectOutput> {
        objects::head(self, it).await
    }

    async fn get_object_tagging(
        &self,
        it: S3Request<GetObjectTaggingInput>,
    ) -> Answer<GetObjectTaggingOutput> {
        attributes::tagging(self, it).await
    }

    async fn get_object_acl(&self, it: S3Request<GetObjectAclInput>) -> Answer<GetObjectAclOutput> {
        attributes::acl(self, it).await
    }

    async fn get_object_retention(
        &self,
        it: S3Request<GetObjectRetentionInput>,
    ) -> Answer<GetObjectRetentionOutput> {
        attributes::retention(self, it).await
    }

    async fn get_object_legal_hold(
        &self,
        it: S3Request<GetObjectLegalHoldInput>,
    ) -> Answer<GetObjectLegalHoldOutput> {
        attributes::legal_hold(self, it).await
    }

    async fn delete_object(&self, it: S3Request<DeleteObjectInput>) -> Answer<DeleteObjectOutput> {
        objects::delete(self, it).await
    }

    async fn list_objects(&self, it: S3Request<ListObjectsInput>) -> Answer<ListObjectsOutput> {
        listing::objects::list_v1(self, it)
    }

    async fn list_objects_v2(
        &self,
        it: S3Request<ListObjectsV2Input>,
    ) -> Answer<ListObjectsV2Output> {
        listing::objects::list_v2(self, it)
    }

    async fn create_multipart_upload(
        &self,
        it: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        multipart::create(self, it).await
    }

    async fn upload_part(&self, it: S3Request<UploadPartInput>) -> Answer<UploadPartOutput> {
        multipart::upload_part(self, it).await
    }

    async fn complete_multipart_upload(
        &self,
        it: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        multipart::complete(self, it).await
    }

    async fn abort_multipart_upload(
        &self,
        it: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        multipart::abort(self, it).await
    }

    async fn list_parts(&self, it: S3Request<ListPartsInput>) -> Answer<ListPartsOutput> {
        listing::uploads::parts(self, it)
    }

    async fn list_multipart_uploads(
        &self,
        it: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        listing::uploads::uploads(self, it)
    }
}
