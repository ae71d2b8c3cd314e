//! Encryption at rest, as far as requests and answers tell of it: nothing is
//! encrypted here, but what S3 checks is checked.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Result, s3_error};
use serde_json::Value;

use super::errors::bad_request;
use crate::{ACCOUNT_ID, REGION};

pub(super) const PREFIX: &str = "x-amz-server-side-encryption";
pub(super) const CONTEXT: &str = "x-amz-server-side-encryption-context";
pub(super) const CUSTOMER_PREFIX: &str = "x-amz-server-side-encryption-customer-";
const KMS_KEY_ID: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const BUCKET_KEY: &str = "x-amz-server-side-encryption-bucket-key-enabled";
const CUSTOMER_ALGORITHM: &str = "x-amz-server-side-encryption-customer-algorithm";
const CUSTOMER_KEY: &str = "x-amz-server-side-encryption-customer-key";
const CUSTOMER_KEY_MD5: &str = "x-amz-server-side-encryption-customer-key-md5";

/// How an object is said to be encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encryption {
    /// By S3, with its own key: also when nothing is said.
    S3,
    /// With a key of KMS.
    Kms {
        /// `aws:kms` or `aws:kms:dsse`.
        algorithm: String,
        key_id: String,
        /// Base64 of JSON.
        context: Option<String>,
        bucket_key: bool,
    },
    /// With a key that the client brings each time.
    Customer(CustomerKey),
}

/// What tells one key of a client's own from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CustomerKey {
    /// Base64.
    md5: String,
}

impl Encryption {
    /// What a request asks for that makes an object.
    pub(super) fn of(request: &HeaderMap) -> S3Result<Self> {
        let customer_key = CustomerKey::of(request)?;
        let algorithm = text(request, PREFIX);
        match (customer_key, algorithm) {
            (Some(_), Some(_)) => Err(s3_error!(
                InvalidArgument,
                "Server Side Encryption with Customer provided key is incompatible with the \
                 encryption method specified"
            )),
            (Some(key), None) => Ok(Self::Customer(key)),
            (None, Some(algorithm @ ("aws:kms" | "aws:kms:dsse"))) => kms(request, algorithm),
            (None, None | Some("AES256")) if request.contains_key(KMS_KEY_ID) => Err(s3_error!(
                InvalidArgument,
                "Server Side Encryption with AWS KMS managed key requires HTTP header \
                 x-amz-server-side-encryption : aws:kms"
            )),
            (None, None | Some("AES256")) => Ok(Self::S3),
            (None, Some(_)) => Err(s3_error!(
                InvalidArgument,
                "The encryption method specified is not supported"
            )),
        }
    }

    /// The headers that tell of it.
    pub(super) fn fields(self) -> Vec<(&'static str, String)> {
        let own = |text: &str| text.to_owned();
        match self {
            Self::S3 => vec![(PREFIX, own("AES256"))],
            Self::Customer(key) => vec![
                (CUSTOMER_ALGORITHM, own("AES256")),
                (CUSTOMER_KEY_MD5, key.md5),
            ],
            Self::Kms {
                algorithm,
                key_id,
                context,
                bucket_key,
            } => {
                let context = context.map(|context| (CONTEXT, context));
                let bucket_key = bucket_key.then(|| (BUCKET_KEY, own("true")));
                [(PREFIX, algorithm), (KMS_KEY_ID, key_id)]
                    .into_iter()
                    .chain(context)
                    .chain(bucket_key)
                    .collect()
            }
        }
    }
}

impl CustomerKey {
    /// The key that a request brings, if it brings one.
    pub(super) fn of(request: &HeaderMap) -> S3Result<Option<Self>> {
        if !request
            .keys()
            .any(|name| name.as_str().starts_with(CUSTOMER_PREFIX))
        {
            return Ok(None);
        }
        if text(request, CUSTOMER_ALGORITHM) != Some("AES256") {
            return Err(bad_request(
                "InvalidEncryptionAlgorithmError",
                "The encryption request you specified is not valid. The valid value is AES256.",
            ));
        }
        let key = text(request, CUSTOMER_KEY).and_then(|key| STANDARD.decode(key).ok());
        let Some(key) = key.filter(|key| key.len() == 32) else {
            return Err(s3_error!(
                InvalidArgument,
                "The secret key was invalid for the specified algorithm."
            ));
        };
        let mut md5 = Md5::new();
        md5.update(&key);
        let md5 = STANDARD.encode(md5.finalize());
        match text(request, CUSTOMER_KEY_MD5) {
            Some(stated) if stated == md5 => Ok(Some(Self { md5 })),
            Some(_) => Err(s3_error!(
                InvalidArgument,
                "The calculated MD5 hash of the key did not match the hash that was provided."
            )),
            None => Err(s3_error!(
                InvalidArgument,
                "Requests specifying Server Side Encryption with Customer provided keys must \
                 provide the client calculated MD5 of the secret key."
            )),
        }
    }

    /// Whether an object, or an upload, that was made with one key may be
    /// read, or gone on with, by a request with another.
    pub(super) fn check(made_with: Option<&str>, request: &HeaderMap, use_: Use) -> S3Result<()> {
        match (made_with, Self::of(request)?, use_) {
            (None, None, _) => Ok(()),
            (Some(md5), Some(key), _) if key.md5 == md5 => Ok(()),
            (Some(_), Some(_), Use::Read) => Err(s3_error!(AccessDenied, "Access Denied")),
            (Some(_), Some(_), Use::Part) => Err(s3_error!(
                InvalidRequest,
                "The provided encryption parameters did not match the ones used originally."
            )),
            (Some(_), None, Use::Read) => Err(s3_error!(
                InvalidRequest,
                "The object was stored using a form of Server Side Encryption. The correct \
                 parameters must be provided to retrieve the object."
            )),
            (Some(_), None, Use::Part) => Err(s3_error!(
                InvalidRequest,
                "The multipart upload initiate requested encryption. Subsequent part requests \
                 must include the appropriate encryption parameters."
            )),
            (None, Some(_), _) => Err(s3_error!(
                InvalidRequest,
                "The encryption parameters are not applicable to this object."
            )),
        }
    }
}

/// What a key is brought for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To read an object.
    Read,
    /// To upload a part.
    Part,
}

/// The name under which [`Encryption::fields`] tells a key of the client's own.
pub(super) fn customer_key_field() -> &'static str {
    CUSTOMER_KEY_MD5
}

/// The secret in a request.
pub(super) fn hide_customer_key(headers: &mut HeaderMap) {
    if let Some(value) = headers.get_mut(CUSTOMER_KEY) {
        value.set_sensitive(true);
    }
}

fn kms(request: &HeaderMap, algorithm: &str) -> S3Result<Encryption> {
    let context = text(request, CONTEXT);
    if context.is_some_and(|context| !is_context(context)) {
        return Err(s3_error!(
            InvalidArgument,
            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 \
             string holding JSON which represents a string-string map"
        ));
    }
    // S3's own key for those who name none.
    let managed = || format!("arn:aws:kms:{REGION}:{ACCOUNT_ID}:alias/aws/s3");
    Ok(Encryption::Kms {
        algorithm: algorithm.to_owned(),
        key_id: text(request, KMS_KEY_ID).map_or_else(managed, str::to_owned),
        context: context.map(str::to_owned),
        bucket_key: text(request, BUCKET_KEY) == Some("true"),
    })
}

fn is_context(text: &str) -> bool {
    let json = STANDARD.decode(text).ok();
    let json = json.and_then(|json| serde_json::from_slice::<Value>(&json).ok());
    json.as_ref()
        .and_then(Value::as_object)
        .is_some_and(|map| map.values().all(Value::is_string))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}
