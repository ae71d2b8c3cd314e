//! The certificate in a request.
//!
//! <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use sha2::{Digest as _, Sha256};
use webpki::aws_lc_rs::{
    ECDSA_P256_SHA256, ECDSA_P384_SHA256, ECDSA_P521_SHA256, RSA_PKCS1_2048_8192_SHA256,
};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use super::authorization::Algorithm;
use super::refusal::{CertificateFault, SignatureFault};

/// The certificates in a request, which vouch for nothing yet.
#[derive(Debug)]
pub(super) struct Presented {
    signing: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
}

/// Whom a certificate is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// In decimal, as credentials name it.
    pub(super) serial: String,
    /// In hexadecimal, an even number of digits, as sessions are named after it.
    pub(super) serial_hex: String,
    pub(super) common_name: Option<String>,
    /// Tells one subject from another.
    pub(super) subject_digest: [u8; 32],
}

const CERTIFICATE: &str = "x-amz-x509";
const CHAIN: &str = "x-amz-x509-chain";
const MAX_CHAIN: usize = 5;

impl Presented {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, CertificateFault> {
        let [signing] = &certificates(headers, CERTIFICATE)?[..] else {
            let is_there = headers.contains_key(CERTIFICATE);
            return Err(if is_there {
                UNREADABLE
            } else {
                CertificateFault::Missing
            });
        };
        let intermediates = certificates(headers, CHAIN)?;
        if intermediates.len() > MAX_CHAIN {
            return Err(CertificateFault::ChainTooLong);
        }
        Ok(Self {
            signing: signing.clone(),
            intermediates,
        })
    }

    /// Whom the signing certificate is about, if it is one that may sign requests.
    pub(super) fn identity(&self) -> Result<Identity, CertificateFault> {
        let certificate = parse(&self.signing).ok_or(UNREADABLE)?;
        if let Some(fault) = unfit(&certificate) {
            return Err(CertificateFault::Unfit(fault));
        }
        let subject = certificate.subject();
        let hex = certificate.tbs_certificate.serial.to_str_radix(16);
        Ok(Identity {
            serial: certificate.tbs_certificate.serial.to_string(),
            serial_hex: format!("{hex:0>width$}", width = hex.len().next_multiple_of(2)),
            common_name: subject
                .iter_common_name()
                .find_map(|name| name.as_str().ok().map(str::to_owned)),
            subject_digest: Sha256::digest(subject.as_raw()).into(),
        })
    }

    /// Whether the certificate's key signed a message.
    pub(super) fn verify_signature(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        let unsuited = SignatureFault::UnsuitedAlgorithm(algorithm.name());
        let certificate = EndEntityCert::try_from(&self.signing).map_err(|_| unsuited.clone())?;
        let candidates: &[&dyn SignatureVerificationAlgorithm] = match algorithm {
            Algorithm::Rsa => &[RSA_PKCS1_2048_8192_SHA256],
            Algorithm::Ecdsa => &[ECDSA_P256_SHA256, ECDSA_P384_SHA256, ECDSA_P521_SHA256],
        };
        for candidate in candidates {
            match certificate.verify_signature(*candidate, message, signature) {
                Ok(()) => return Ok(()),
                // Another curve, or another kind of key.
                Err(webpki::Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
                Err(_) => return Err(SignatureFault::Mismatch),
            }
        }
        Err(unsuited)
    }

    /// Whether a trust anchor vouches for the signing certificate at that time.
    pub(super) fn verify_path(
        &self,
        anchor: &TrustAnchor<'_>,
        now: UnixTime,
    ) -> Result<(), CertificateFault> {
        let untrusted = |cause: webpki::Error| CertificateFault::Untrusted(cause.to_string());
        let certificate = EndEntityCert::try_from(&self.signing).map_err(untrusted)?;
        let unfit = Cell::new(false);
        // webpki looks at the CA flag of issuers, not at their key usage.
        let may_sign = |path: &VerifiedPath<'_>| {
            let mut issuers = path.intermediate_certificates();
            if issuers.all(|issuer| is_issuer(&issuer.der())) {
                return Ok(());
            }
            unfit.set(true);
            Err(webpki::Error::UnknownIssuer)
        };
        let verified = certificate.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            std::slice::from_ref(anchor),
            &self.intermediates,
            now,
            KeyUsage::client_auth(),
            None,
            Some(&may_sign),
        );
        match verified {
            Ok(_) => Ok(()),
            Err(_) if unfit.get() => Err(CertificateFault::Intermediate),
            Err(webpki::Error::CertExpired { .. }) => Err(CertificateFault::Expired),
            Err(webpki::Error::CertNotValidYet { .. }) => Err(CertificateFault::NotYetValid),
            Err(cause) => Err(untrusted(cause)),
        }
    }
}

const UNREADABLE: CertificateFault = CertificateFault::Unreadable(CERTIFICATE);

/// The certificates in a header, separated by commas; none if there is no such header.
fn certificates(
    headers: &HeaderMap,
    name: &'static str,
) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    let values = headers.get_all(name).iter();
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|text| {
            let der = STANDARD.decode(text.trim_ascii()).ok()?;
            parse(&der)?;
            Some(CertificateDer::from(der))
        })
        .collect::<Option<_>>()
        .ok_or(CertificateFault::Unreadable(name))
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Some(certificate),
        _ => None,
    }
}

/// Why a certificate may not sign requests, by the rules for end entity certificates.
fn unfit(certificate: &X509Certificate<'_>) -> Option<&'static str> {
    let may_sign =
        matches!(certificate.key_usage(), Ok(Some(usage)) if usage.value.digital_signature());
    let for_clients = match certificate.extended_key_usage() {
        Ok(Some(usage)) => usage.value.client_auth || usage.value.any,
        Ok(None) => true,
        Err(_) => false,
    };
    let kind = &certificate.public_key().algorithm.algorithm;
    if certificate.version() != X509Version::V3 {
        Some("is not of X.509 version 3")
    } else if certificate.is_ca() {
        Some("is one of a CA")
    } else if !may_sign {
        Some("is not for digital signatures")
    } else if !for_clients {
        // Not in the user's guide, but what users of the real service found.
        Some("is not for the authentication of clients")
    } else if *kind != OID_PKCS1_RSAENCRYPTION && *kind != OID_KEY_TYPE_EC_PUBLIC_KEY {
        Some("has neither an RSA nor an EC key")
    } else if certificate.subject().iter().next().is_none() {
        Some("has no subject")
    } else {
        None
    }
}

/// Whether a certificate may sign others (RFC 5280, section 4.2.1.3).
fn is_issuer(der: &[u8]) -> bool {
    parse(der).is_some_and(|certificate| {
        matches!(certificate.key_usage(), Ok(Some(usage)) if usage.value.key_cert_sign())
    })
}
