//! One X.509 certificate and what it says.

use std::fmt::{self, Display, Formatter};
use std::time::SystemTime;

use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use crate::{KeyAlgorithm, Timestamp};

/// An X.509 certificate (RFC 5280). That it parses says nothing of who signed it;
/// that is for the server to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    subject: String,
    issuer: String,
    public_key: SubjectPublicKeyInfoDer<'static>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Certificate {
    /// Parses DER, which must be one certificate and nothing else.
    pub fn from_der(der: &[u8]) -> Result<Self, MalformedCertificate> {
        match X509Certificate::from_der(der) {
            Ok(([], parsed)) => {
                let fields = &parsed.tbs_certificate;
                Ok(Self {
                    der: CertificateDer::from(der).into_owned(),
                    subject: printable(&fields.subject),
                    issuer: printable(&fields.issuer),
                    public_key: SubjectPublicKeyInfoDer::from(fields.subject_pki.raw).into_owned(),
                    not_before: Timestamp::from_unix(fields.validity.not_before.timestamp()),
                    not_after: Timestamp::from_unix(fields.validity.not_after.timestamp()),
                })
            }
            Ok((rest, _)) => Err(MalformedCertificate::Surplus { bytes: rest.len() }),
            Err(error) => Err(MalformedCertificate::Invalid(error.to_string())),
        }
    }

    /// The certificate as it was signed.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Whose certificate it is, such as `CN=AWS IoT Certificate`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who signed it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The public key, an RFC 5280 `SubjectPublicKeyInfo`.
    pub fn public_key(&self) -> &SubjectPublicKeyInfoDer<'static> {
        &self.public_key
    }

    /// The kind of its key; none if it is none that a device can have.
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        KeyAlgorithm::of_public_key(&self.public_key)
    }

    /// The first moment it is valid.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last moment it is valid (RFC 5280 §4.1.2.5: both are inclusive).
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The SHA-256 of the DER: AWS IoT's certificate id.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Sha256::digest(&self.der).into())
    }

    /// Where `now` lies from the certificate's validity.
    pub(crate) fn validity(&self, now: SystemTime) -> Validity {
        // A certificate is good for the whole of its last second.
        let last_second = Timestamp(now) > self.not_after
            && now
                .duration_since(self.not_after.0)
                .is_ok_and(|since| since.as_secs() == 0);
        if Timestamp(now) < self.not_before {
            Validity::Future
        } else if Timestamp(now) <= self.not_after || last_second {
            Validity::Now
        } else {
            Validity::Past
        }
    }
}

/// A name as text that does no harm to a terminal.
fn printable(name: &X509Name<'_>) -> String {
    name.to_string().replace(char::is_control, "\u{fffd}")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Future,
    Now,
    Past,
}

/// The SHA-256 of a certificate, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Display for Fingerprint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Not the DER of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCertificate {
    /// Not a certificate by RFC 5280.
    #[error("not an X.509 certificate: {0}")]
    Invalid(String),
    /// A certificate and something behind it.
    #[error("{bytes} bytes follow the certificate in its block")]
    Surplus {
        /// How many.
        bytes: usize,
    },
}
