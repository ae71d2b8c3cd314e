//! What belongs to an object without being its bytes.

use std::sync::Arc;

use http::HeaderMap;
use s3s::dto::{
    GetObjectAclInput, GetObjectAclOutput, GetObjectLegalHoldInput, GetObjectLegalHoldOutput,
    GetObjectRetentionInput, GetObjectRetentionOutput, GetObjectTaggingInput,
    GetObjectTaggingOutput, Grant, Grantee, ObjectCannedACL, ObjectLockLegalHold,
    ObjectLockLegalHoldStatus, ObjectLockRetention, ObjectLockRetentionMode, Owner, Permission,
    Type,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::open;
use crate::ACCOUNT_ID;
use crate::s3::lock;
use crate::s3::operations::Operations;
use crate::s3::store::Object;

pub(in crate::s3) async fn tagging(
    operations: &Operations,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let S3Request { input, headers, .. } = request;
    let object = object(operations, &input.bucket, input.key, &headers).await?;
    Ok(S3Response::new(GetObjectTaggingOutput {
        tag_set: object.headers.tags()?,
        version_id: None,
    }))
}

pub(in crate::s3) async fn acl(
    operations: &Operations,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let S3Request { input, headers, .. } = request;
    let object = object(operations, &input.bucket, input.key, &headers).await?;
    Ok(S3Response::new(GetObjectAclOutput {
        grants: Some(grants(object.headers.acl())),
        owner: Some(Owner {
            id: Some(ACCOUNT_ID.to_owned()),
            display_name: None,
        }),
        ..GetObjectAclOutput::default()
    }))
}

pub(in crate::s3) async fn retention(
    operations: &Operations,
    request: S3Request<GetObjectRetentionInput>,
) -> S3Result<S3Response<GetObjectRetentionOutput>> {
    let S3Request { input, headers, .. } = request;
    let object = object(operations, &input.bucket, input.key, &headers).await?;
    let mode = object.headers.field(lock::MODE).ok_or_else(not_locked)?;
    let until = object.headers.field(lock::RETAIN_UNTIL);
    Ok(S3Response::new(GetObjectRetentionOutput {
        retention: Some(ObjectLockRetention {
            mode: Some(ObjectLockRetentionMode::from(mode.to_owned())),
            retain_until_date: until.and_then(lock::parse_date),
        }),
    }))
}

pub(in crate::s3) async fn legal_hold(
    operations: &Operations,
    request: S3Request<GetObjectLegalHoldInput>,
) -> S3Result<S3Response<GetObjectLegalHoldOutput>> {
    let S3Request { input, headers, .. } = request;
    let object = object(operations, &input.bucket, input.key, &headers).await?;
    let status = object.headers.field(lock::LEGAL_HOLD);
    let status = status.ok_or_else(not_locked)?.to_owned();
    Ok(S3Response::new(GetObjectLegalHoldOutput {
        legal_hold: Some(ObjectLockLegalHold {
            status: Some(ObjectLockLegalHoldStatus::from(status)),
        }),
    }))
}

async fn object(
    operations: &Operations,
    bucket: &str,
    key: String,
    headers: &HeaderMap,
) -> S3Result<Arc<Object>> {
    let bucket = operations.bucket(bucket, headers)?;
    Ok(open(operations, bucket, key).await?.0)
}

/// What a canned ACL stands for. The bucket's owner is the object's.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>
fn grants(canned: &str) -> Vec<Grant> {
    const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
    const EVERY_ACCOUNT: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
    let group = |uri: &str, permission| Grant {
        grantee: Some(Grantee {
            uri: Some(uri.to_owned()),
            ..grantee(Type::GROUP)
        }),
        permission: Some(Permission::from_static(permission)),
    };
    let owner = Grant {
        grantee: Some(Grantee {
            id: Some(ACCOUNT_ID.to_owned()),
            ..grantee(Type::CANONICAL_USER)
        }),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    };
    let others = match canned {
        ObjectCannedACL::PUBLIC_READ => vec![group(EVERYBODY, Permission::READ)],
        ObjectCannedACL::PUBLIC_READ_WRITE => vec![
            group(EVERYBODY, Permission::READ),
            group(EVERYBODY, Permission::WRITE),
        ],
        ObjectCannedACL::AUTHENTICATED_READ => vec![group(EVERY_ACCOUNT, Permission::READ)],
        _ => vec![],
    };
    std::iter::once(owner).chain(others).collect()
}

fn grantee(kind: &'static str) -> Grantee {
    Grantee {
        display_name: None,
        email_address: None,
        id: None,
        type_: Type::from_static(kind),
        uri: None,
    }
}

fn not_locked() -> S3Error {
    let code = S3ErrorCode::Custom("NoSuchObjectLockConfiguration".into());
    let mut error = S3Error::with_message(
        code,
        "The specified object does not have a ObjectLock configuration",
    );
    error.set_status_code(http::StatusCode::NOT_FOUND);
    error
}
