//! Signature Version 4 with a certificate's key.
//!
//! "The IAM Roles Anywhere authentication signing process", IAM Roles Anywhere User Guide: as
//! Signature Version 4, but the string to sign is signed as it is, and certificates take the
//! place of an access key.

use std::fmt::Write;
use std::time::SystemTime;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST};
use http::{HeaderName, HeaderValue, Request};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

use super::super::certificate::Certificate;
use super::{invalid, unsignable};
use crate::error::{Error, ErrorKind};

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const CERTIFICATE: HeaderName = HeaderName::from_static("x-amz-x509");
const ISSUERS: HeaderName = HeaderName::from_static("x-amz-x509-chain");

/// The longest signature: RSA with 4096 bits and then some, in bytes.
const MAX_SIGNATURE: usize = 1024;

/// What kind of key signs; with SHA-256 in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    Rsa,
    /// ECDSA on whatever curve, in DER (RFC 3279 §2.2.3).
    Ecdsa,
}

impl KeyAlgorithm {
    /// Its name in strings to sign.
    fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "AWS4-X509-RSA-SHA256",
            Self::Ecdsa => "AWS4-X509-ECDSA-SHA256",
        }
    }
}

/// Adds what identifies the device, and the date.
pub(super) fn identify(
    request: &mut Request<()>,
    leaf: &Certificate,
    issuers: &[Certificate],
    now: SystemTime,
) -> Result<(), Error> {
    let mut insert = |name: HeaderName, value: String| {
        let value = HeaderValue::from_str(&value).map_err(|error| unsignable(&error))?;
        request.headers_mut().insert(name, value);
        Ok(())
    };
    insert(DATE, timestamp(now)?)?;
    insert(CERTIFICATE, leaf.base64())?;
    if issuers.is_empty() {
        return Ok(());
    }
    let issuers: Vec<_> = issuers.iter().map(Certificate::base64).collect();
    insert(ISSUERS, issuers.join(","))
}

/// A request for a session that waits for its signature.
#[derive(Debug, Clone)]
pub struct Unsigned {
    request: Request<()>,
    body: String,
    credential: String,
    algorithm: KeyAlgorithm,
    signed_headers: String,
    string_to_sign: String,
    canonical: String,
}

impl Unsigned {
    pub(super) fn new(
        request: Request<()>,
        body: String,
        algorithm: KeyAlgorithm,
        leaf: &Certificate,
        region: &str,
        now: SystemTime,
    ) -> Result<Self, Error> {
        let timestamp = timestamp(now)?;
        let date = timestamp.get(..8).unwrap_or_default();
        let scope = format!("{date}/{region}/rolesanywhere/aws4_request");
        let (canonical, signed_headers) = canonical(&request, body.as_bytes())?;
        let string_to_sign = [
            algorithm.as_str(),
            &timestamp,
            &scope,
            &hexadecimal(&Sha256::digest(&canonical)),
        ]
        .join("\n");
        Ok(Self {
            request,
            body,
            credential: format!("{}/{scope}", leaf.serial_number()),
            algorithm,
            signed_headers,
            string_to_sign,
            canonical,
        })
    }

    /// What the device's key must sign, by its algorithm's usual scheme with SHA-256.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// The string to sign, a line break and the canonical request that it is about: what whoever has the key
    /// must see, to sign the former.
    pub fn message(&self) -> String {
        [self.string_to_sign.as_str(), "\n", &self.canonical].concat()
    }

    /// The request with its signature, and its body.
    pub fn sign(self, signature: &[u8]) -> Result<(Request<()>, String), Error> {
        if signature.is_empty() || signature.len() > MAX_SIGNATURE {
            let found = signature.len();
            return Err(Error::new(
                ErrorKind::Internal,
                format!("a signature has {found} bytes, which none has"),
            ));
        }
        let authorization = format!(
            "{} Credential={}, SignedHeaders={}, Signature={}",
            self.algorithm.as_str(),
            self.credential,
            self.signed_headers,
            hexadecimal(signature)
        );
        let mut value =
            HeaderValue::from_str(&authorization).map_err(|error| unsignable(&error))?;
        value.set_sensitive(true);
        let mut request = self.request;
        request.headers_mut().insert(AUTHORIZATION, value);
        // Not signed, so that nobody on the way is in the way.
        let length = HeaderValue::from(self.body.len());
        request.headers_mut().insert(CONTENT_LENGTH, length);
        Ok((request, self.body))
    }
}

/// The canonical request, and the names of the fields in it. The URI's path is one of ours and its
/// query is canonical already.
fn canonical(request: &Request<()>, body: &[u8]) -> Result<(String, String), Error> {
    let uri = request.uri();
    let host = uri
        .authority()
        .ok_or_else(|| invalid("a request without a host cannot be signed".to_owned()))?;
    let mut fields = vec![(HOST.as_str(), host.as_str())];
    for (name, value) in request.headers() {
        fields.push((
            name.as_str(),
            value.to_str().map_err(|error| unsignable(&error))?,
        ));
    }
    fields.sort_unstable();
    let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method(),
        uri.path(),
        uri.query().unwrap_or_default()
    );
    for (name, value) in fields {
        text.extend([name, ":", value.trim(), "\n"]);
    }
    text.extend(["\n", &names, "\n", &hexadecimal(&Sha256::digest(body))]);
    Ok((text, names))
}

/// `YYYYMMDD'T'HHMMSS'Z'`, as `X-Amz-Date` has it.
fn timestamp(now: SystemTime) -> Result<String, Error> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    OffsetDateTime::from(now)
        .format(format)
        .map_err(|error| unsignable(&error))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
