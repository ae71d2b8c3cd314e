//! How a store encrypts an object ("Protecting data with server-side encryption", Amazon S3
//! User Guide).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use super::contradiction;
use super::value::{field, invalid};
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

/// Whose key encrypts an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encryption {
    /// One of S3 (SSE-S3).
    S3,
    /// One of KMS (SSE-KMS).
    Kms {
        key: KmsKey,
        /// Whether a key of the bucket saves requests to KMS; none: as the bucket is set.
        bucket_key: Option<HeaderValue>,
    },
    /// One of KMS, in two layers (DSSE-KMS).
    KmsTwice(KmsKey),
    /// The caller's own, sent with each request that touches the bytes (SSE-C).
    Customer(CustomerKey),
}

/// A key of KMS; without an id, AWS's own for S3.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct KmsKey {
    id: Option<HeaderValue>,
    context: Option<HeaderValue>,
}

/// A key of 256 bits that the store uses and forgets, as headers carry it. Wiped with the last
/// of them, not part of `Debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CustomerKey {
    key: HeaderValue,
    md5: HeaderValue,
}

enum Algorithm {
    Aes256,
    Kms,
    KmsTwice,
}

impl Encryption {
    /// Takes `sse` with what belongs to it, or `sse-customer-key`.
    pub(super) fn from_settings(settings: &mut Settings) -> Result<Option<Self>, Error> {
        let algorithm = settings.take_as("sse", algorithm)?;
        let customer = settings.take("sse-customer-key");
        let key = KmsKey {
            id: settings.take_as("sse-kms-key-id", field)?,
            context: settings.take_as("sse-kms-context", context)?,
        };
        let bucket_key = settings.take_switch("sse-bucket-key")?;
        let bucket_key = bucket_key.map(|on| if on { "true" } else { "false" });
        let bucket_key = bucket_key.map(HeaderValue::from_static);
        let kms = key
            .first_setting()
            .or(bucket_key.as_ref().map(|_| "sse-bucket-key"));
        match (algorithm, customer) {
            (Some(_), Some(_)) => Err(excluding("sse")),
            (None, Some(text)) => match kms {
                Some(setting) => Err(excluding(setting)),
                None => CustomerKey::parse(&text).map(|key| Some(Self::Customer(key))),
            },
            (Some(Algorithm::Kms), None) => Ok(Some(Self::Kms { key, bucket_key })),
            (Some(Algorithm::KmsTwice), None) => match bucket_key {
                Some(_) => Err(without_kms("sse-bucket-key", "aws:kms")),
                None => Ok(Some(Self::KmsTwice(key))),
            },
            (algorithm, None) => match kms {
                Some(setting) => Err(without_kms(setting, "aws:kms")),
                None => Ok(algorithm.map(|_| Self::S3)),
            },
        }
    }

    /// The headers of the request that begins an object.
    pub(super) fn at_first(&self) -> Vec<(HeaderName, HeaderValue)> {
        let (algorithm, key, bucket_key) = match self {
            Self::S3 => ("AES256", &KmsKey::default(), None),
            Self::Kms { key, bucket_key } => ("aws:kms", key, bucket_key.as_ref()),
            Self::KmsTwice(key) => ("aws:kms:dsse", key, None),
            Self::Customer(_) => return self.each_time(),
        };
        let algorithm = HeaderValue::from_static(algorithm);
        [
            ("x-amz-server-side-encryption", Some(&algorithm)),
            (
                "x-amz-server-side-encryption-aws-kms-key-id",
                key.id.as_ref(),
            ),
            ("x-amz-server-side-encryption-context", key.context.as_ref()),
            (
                "x-amz-server-side-encryption-bucket-key-enabled",
                bucket_key,
            ),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), value?.clone())))
        .collect()
    }

    /// The headers of every request that needs the key.
    pub(super) fn each_time(&self) -> Vec<(HeaderName, HeaderValue)> {
        match self {
            Self::S3 | Self::Kms { .. } | Self::KmsTwice(_) => Vec::new(),
            Self::Customer(key) => key.headers().into(),
        }
    }
}

impl KmsKey {
    /// The first setting that was given for it, if any was.
    fn first_setting(&self) -> Option<&'static str> {
        let id = self.id.as_ref().map(|_| "sse-kms-key-id");
        id.or(self.context.as_ref().map(|_| "sse-kms-context"))
    }
}

impl CustomerKey {
    /// Base64 of 32 bytes. What is wrong with it is told without it.
    fn parse(text: &str) -> Result<Self, Error> {
        let refused = || {
            let message = "setting `sse-customer-key`: it is not base64 of 32 bytes";
            Error::new(ErrorKind::InvalidInput, message)
        };
        let key = STANDARD.decode(text).map_err(|_| refused())?;
        let key = Zeroizing::new(key);
        if key.len() != 32 {
            return Err(refused());
        }
        let md5 = Md5::digest(&*key);
        Ok(Self {
            key: secret(&key).ok_or_else(refused)?,
            md5: secret(&md5).ok_or_else(refused)?,
        })
    }

    fn headers(&self) -> [(HeaderName, HeaderValue); 3] {
        let name = HeaderName::from_static;
        [
            (
                name("x-amz-server-side-encryption-customer-algorithm"),
                HeaderValue::from_static("AES256"),
            ),
            (
                name("x-amz-server-side-encryption-customer-key"),
                self.key.clone(),
            ),
            (
                name("x-amz-server-side-encryption-customer-key-md5"),
                self.md5.clone(),
            ),
        ]
    }
}

fn algorithm(text: &str) -> Result<Algorithm, Error> {
    match text {
        "AES256" => Ok(Algorithm::Aes256),
        "aws:kms" => Ok(Algorithm::Kms),
        "aws:kms:dsse" => Ok(Algorithm::KmsTwice),
        _ => Err(invalid(text, "is not AES256, aws:kms or aws:kms:dsse")),
    }
}

/// The encryption context: an object of texts in JSON, sent as base64 of it.
fn context(text: &str) -> Result<HeaderValue, Error> {
    let refused = || invalid(text, "is not a JSON object whose values are texts");
    let pairs: BTreeMap<String, String> = serde_json::from_str(text).map_err(|_| refused())?;
    let json = serde_json::to_string(&pairs).map_err(|_| refused())?;
    HeaderValue::try_from(STANDARD.encode(json)).map_err(|_| refused())
}

/// Base64 of the bytes, in memory that is wiped when nobody holds it any more.
fn secret(bytes: &[u8]) -> Option<HeaderValue> {
    let text = Zeroizing::new(STANDARD.encode(bytes).into_bytes());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn excluding(setting: &str) -> Error {
    contradiction(
        format!("`sse-customer-key` and `{setting}` exclude each other"),
        "leave out one: either you keep the key, or AWS does",
    )
}

fn without_kms(setting: &str, sse: &str) -> Error {
    contradiction(
        format!("`{setting}` is only for objects with `sse` set to `{sse}`"),
        "set `sse` to `aws:kms`, or leave it out",
    )
}
