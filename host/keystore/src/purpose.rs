//! Signatures for others than TLS, each for a purpose.
//!
//! Whoever may have any bytes signed by the device's key can be the device: what TLS has signed in a
//! handshake, `CertificateVerify`, is bytes too. And whoever may have any request signed can be
//! whatever the device's certificate can be. So a component shows what it wants signed down to the last
//! byte, and only the one request that the configuration means is signed.

use std::time::{Duration, SystemTime};

use aws_lc_rs::digest;
use base64ct::{Base64, Encoding};
use sealift_config::Region;
use time::PrimitiveDateTime;
use time::macros::format_description;

use crate::hexadecimal::hexadecimal;
use crate::{Certificate, KeyAlgorithm};

/// How far a message's date may be from now. A signature is good for minutes, and none is made for a
/// later day.
const TOLERANCE: Duration = Duration::from_mins(5);

/// The longest message, in bytes: a device's certificate and five issuers in base64, and the rest.
const LONGEST: usize = 64 * 1024;

/// The one request to IAM Roles Anywhere that the device's key signs.
///
/// "The IAM Roles Anywhere authentication signing process", IAM Roles Anywhere User Guide. A message is
/// the string to sign, a line break, and the canonical request whose digest is the string's last line.
/// Only the string is signed: four lines, which no other protocol has. A
/// `CertificateVerify` of TLS 1.3 begins with 64 spaces (RFC 8446 §4.4.3), one of TLS 1.2 with a
/// handshake message (RFC 5246 §7.4.8).
#[derive(Clone, Debug)]
pub struct RolesAnywhere {
    /// The region that the session is asked for in.
    pub region: Region,
    /// The service's host, and the port if it is not 443.
    pub host: String,
    /// The query, in its canonical form.
    pub query: String,
    /// The body.
    pub body: String,
}

impl RolesAnywhere {
    /// The string to sign, if `message` is about this request, made now, by a key of this kind with this
    /// certificate.
    pub fn check<'m>(
        &self,
        message: &'m [u8],
        algorithm: KeyAlgorithm,
        certificate: &Certificate,
        now: SystemTime,
    ) -> Result<&'m [u8], Unfit> {
        if message.len() > LONGEST {
            return Err(Unfit::Form);
        }
        let text = std::str::from_utf8(message).map_err(|_| Unfit::Form)?;
        let (string, request) = split(text).ok_or(Unfit::Form)?;
        let date = self.check_string(string, algorithm, request, now)?;
        if self.is_request(request, date, certificate) {
            Ok(string.as_bytes())
        } else {
            Err(Unfit::Request)
        }
    }

    /// The date of the string, if that is one to sign.
    fn check_string<'m>(
        &self,
        string: &'m str,
        algorithm: KeyAlgorithm,
        request: &str,
        now: SystemTime,
    ) -> Result<&'m str, Unfit> {
        let mut lines = string.split('\n');
        let mut line = || lines.next().ok_or(Unfit::Form);
        let (name, date, scope, digest) = (line()?, line()?, line()?, line()?);
        if !name.starts_with("AWS4-X509-") || digest != sha256(request.as_bytes()) {
            return Err(Unfit::Form);
        }
        if name != wanted(algorithm) {
            return Err(Unfit::Algorithm { key: algorithm });
        }
        let day = date.get(..8).ok_or(Unfit::Form)?;
        if scope != format!("{day}/{}/rolesanywhere/aws4_request", self.region) {
            return Err(Unfit::Scope {
                region: self.region.clone(),
            });
        }
        let made = timestamp(date).ok_or(Unfit::Form)?;
        let apart = now
            .duration_since(made)
            .unwrap_or_else(|error| error.duration());
        if apart > TOLERANCE {
            return Err(Unfit::Date);
        }
        Ok(date)
    }

    /// Whether the canonical request is that of the configuration. Which issuers are sent along is free:
    /// they prove nothing but what they are.
    fn is_request(&self, request: &str, date: &str, certificate: &Certificate) -> bool {
        let Self {
            host, query, body, ..
        } = self;
        let certificate = Base64::encode_string(certificate.der());
        let start = format!(
            "POST\n/sessions\n{query}\ncontent-type:application/json\nhost:{host}\nx-amz-date:{date}\n\
             x-amz-x509:{certificate}\n"
        );
        let end = |names: &str| {
            let body = sha256(body.as_bytes());
            format!("\ncontent-type;host;x-amz-date;x-amz-x509{names}\n{body}")
        };
        let Some(rest) = request.strip_prefix(start.as_str()) else {
            return false;
        };
        let issuers = rest
            .strip_prefix("x-amz-x509-chain:")
            .and_then(|rest| rest.strip_suffix(end(";x-amz-x509-chain").as_str()))
            .and_then(|issuers| issuers.strip_suffix('\n'));
        rest == end("") || issuers.is_some_and(is_base64_list)
    }
}

/// The string to sign, which has four lines, and what follows it.
fn split(text: &str) -> Option<(&str, &str)> {
    let (end, _) = text.match_indices('\n').nth(3)?;
    Some((&text[..end], &text[end + 1..]))
}

fn is_base64_list(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=,".contains(&byte))
}

fn sha256(bytes: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn wanted(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa { .. } => "AWS4-X509-RSA-SHA256",
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => {
            "AWS4-X509-ECDSA-SHA256"
        }
        // The service has no name for it, and no string is empty after its prefix.
        KeyAlgorithm::Ed25519 => "",
    }
}

fn timestamp(text: &str) -> Option<SystemTime> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let date = PrimitiveDateTime::parse(text, format).ok()?;
    Some(date.assume_utc().into())
}

/// A message that is not about the request of its purpose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Something else.
    #[error("this is no string to sign of IAM Roles Anywhere with the request that it is about")]
    Form,
    /// For another kind of key.
    #[error("the string names another algorithm than that of the device's key, {key}")]
    Algorithm {
        /// The key's.
        key: KeyAlgorithm,
    },
    /// For another service, region or day.
    #[error(
        "the string's scope is not that of a request to rolesanywhere in {region} on its own date"
    )]
    Scope {
        /// The region it must be for.
        region: Region,
    },
    /// From another time.
    #[error("the string's date is more than five minutes from now")]
    Date,
    /// Another request.
    #[error("the request is not the one for a session that the configuration means")]
    Request,
}

#[cfg(test)]
mod tests;
