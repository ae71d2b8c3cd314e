//! The certificate authority of a local cloud.

use std::fmt;

use pem::Pem;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
    SignatureAlgorithm,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::fingerprint::Fingerprint;

/// A certificate authority. The one of a [`LocalCloud`](crate::LocalCloud)
/// signs certificates that it accepts; any other is a stranger to it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
}

impl Authority {
    /// A new authority with an ECDSA P-256 key.
    pub fn new() -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(failed(COMMON_NAME))?;
        let certificate = root_params()
            .self_signed(&key)
            .map_err(failed(COMMON_NAME))?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(root_params(), key),
        })
    }

    /// An authority from what [`certificate_pem`](Self::certificate_pem) and
    /// [`key_pem`](Self::key_pem) once answered.
    pub(crate) fn restore(certificate_pem: String, key_pem: &str) -> Result<Self, rcgen::Error> {
        let key = KeyPair::from_pem(key_pem)?;
        Ok(Self {
            certificate_pem,
            issuer: Issuer::new(root_params(), key),
        })
    }

    /// A certificate authority below this one, with an ECDSA P-256 key: what it issues is accepted
    /// together with its [`certificate_pem`](Self::certificate_pem).
    pub fn subordinate(&self, common_name: &str, validity: Validity) -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(failed(common_name))?;
        let mut params = ca_params(common_name, validity);
        params.use_authority_key_identifier_extension = true;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(failed(common_name))?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Issues a client certificate, as AWS IoT would.
    pub fn issue(
        &self,
        common_name: &str,
        key_type: KeyType,
        validity: Validity,
    ) -> Result<Certificate, Error> {
        let mut params = leaf_params(common_name, validity);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(common_name, key_type, &params)
    }

    /// Certifies the key of a request (PKCS #10 in PEM), as `CreateCertificateFromCsr` does: for
    /// digital signatures, whatever the request says of that. That it is signed by its key is
    /// checked.
    pub fn certify(&self, request_pem: &str, validity: Validity) -> Result<Certified, Error> {
        let subject = "a certificate request";
        let mut request =
            CertificateSigningRequestParams::from_pem(request_pem).map_err(failed(subject))?;
        request.params.not_before = validity.not_before;
        request.params.not_after = validity.not_after;
        request.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let certificate = request.signed_by(&self.issuer).map_err(failed(subject))?;
        Ok(Certified {
            pem: certificate.pem(),
            fingerprint: Fingerprint::of(certificate.der()),
        })
    }

    /// Issues a server certificate for DNS names (also `*.` wildcards) and addresses.
    pub fn issue_server<N: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = N>,
        validity: Validity,
    ) -> Result<Certificate, Error> {
        let subject = "localhost";
        let mut params = leaf_params(subject, validity);
        for name in names {
            params
                .subject_alt_names
                .push(alternative_name(name.as_ref()).map_err(failed(subject))?);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(subject, KeyType::EcdsaP256, &params)
    }

    /// The authority's certificate; of the local cloud's, the root for clients to trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    pub(crate) fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.issuer.key().serialize_pem())
    }

    fn sign(
        &self,
        subject: &str,
        key_type: KeyType,
        params: &CertificateParams,
    ) -> Result<Certificate, Error> {
        let key = KeyPair::generate_for(key_type.algorithm()).map_err(failed(subject))?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(failed(subject))?;
        let key_pem = match key_type {
            KeyType::Rsa2048 => {
                pkcs1_pem(key.serialized_der()).ok_or_else(|| Error::KeyForm(subject.to_owned()))?
            }
            KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::Ed25519 => key.serialize_pem(),
        };
        Ok(Certificate {
            pem: certificate.pem(),
            der: certificate.into(),
            key_pem: Zeroizing::new(key_pem),
        })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// A certificate for a key that its requester keeps.
#[derive(Debug)]
pub struct Certified {
    pem: String,
    fingerprint: Fingerprint,
}

impl Certified {
    /// The certificate in PEM form.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// What the [`Registry`](crate::Registry) knows the certificate by.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// A certificate and the key that belongs to it.
pub struct Certificate {
    der: CertificateDer<'static>,
    pem: String,
    key_pem: Zeroizing<String>,
}

impl Certificate {
    /// The certificate in PEM form.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// The private key in PEM form: PKCS#1 for RSA, as AWS writes it; PKCS#8 for the others.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The certificate in DER form.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// What the [`Registry`](crate::Registry) knows the certificate by.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    pub(crate) fn key(&self) -> Result<PrivateKeyDer<'static>, rustls_pki_types::pem::Error> {
        PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

/// The kinds of key a device may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// What `aws iot create-keys-and-certificate` makes.
    Rsa2048,
    /// ECDSA over NIST P-256.
    EcdsaP256,
    /// ECDSA over NIST P-384.
    EcdsaP384,
    /// `EdDSA` over Curve25519. AWS IoT does not accept these; the local cloud does.
    Ed25519,
}

impl KeyType {
    fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
            Self::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
        }
    }
}

/// When a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: OffsetDateTime,
    /// The last moment.
    pub not_after: OffsetDateTime,
}

impl Validity {
    /// Ended yesterday, by this machine's clock.
    pub fn expired() -> Self {
        Self::days_from_now(-2, -1)
    }

    /// Begins tomorrow, by this machine's clock.
    pub fn not_yet() -> Self {
        Self::days_from_now(1, 2)
    }

    fn days_from_now(from: i64, to: i64) -> Self {
        let now = OffsetDateTime::now_utc();
        Self {
            not_before: now + Duration::days(from),
            not_after: now + Duration::days(to),
        }
    }
}

/// From 1970, where a gateway without a battery wakes up, to the end of 2049,
/// where AWS IoT's certificates end.
impl Default for Validity {
    fn default() -> Self {
        Self {
            not_before: datetime!(1970-01-01 00:00:00 UTC),
            not_after: datetime!(2049-12-31 23:59:59 UTC),
        }
    }
}

const COMMON_NAME: &str = "Local Cloud Root CA";

/// Always the same but for the key, so that a key alone restores the issuer.
fn root_params() -> CertificateParams {
    ca_params(COMMON_NAME, Validity::default())
}

fn ca_params(common_name: &str, validity: Validity) -> CertificateParams {
    let mut params = leaf_params(common_name, validity);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = false;
    params
}

fn leaf_params(common_name: &str, validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = validity.not_before;
    params.not_after = validity.not_after;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn alternative_name(name: &str) -> Result<SanType, rcgen::Error> {
    match name.parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => name.try_into().map(SanType::DnsName),
    }
}

/// Takes the PKCS#1 `RSAPrivateKey` (RFC 8017, A.1.2) out of the PKCS#8
/// `PrivateKeyInfo` (RFC 5208, 5) around it. With a 2048-bit key every length
/// before it takes two bytes, so what precedes it always has the same length.
fn pkcs1_pem(pkcs8: &[u8]) -> Option<String> {
    // INTEGER 0, then SEQUENCE { OID rsaEncryption, NULL }.
    const VERSION_AND_ALGORITHM: [u8; 18] = [
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
        0x01, 0x05, 0x00,
    ];
    let inner = pkcs8.strip_prefix(&[0x30, 0x82])?.get(2..)?;
    let octets = inner
        .strip_prefix(&VERSION_AND_ALGORITHM)?
        .strip_prefix(&[0x04, 0x82])?;
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    Some(pem::encode_config(
        &Pem::new("RSA PRIVATE KEY", octets.get(2..)?),
        config,
    ))
}

fn failed(subject: &str) -> impl FnOnce(rcgen::Error) -> Error {
    let subject = subject.to_owned();
    move |source| Error::Certificate { subject, source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_key_type_has_a_key_that_loads() {
        let authority = Authority::new().unwrap();
        for key_type in [
            KeyType::Rsa2048,
            KeyType::EcdsaP256,
            KeyType::EcdsaP384,
            KeyType::Ed25519,
        ] {
            let device = authority
                .issue("device", key_type, Validity::default())
                .unwrap();
            let key = device.key().unwrap();
            assert_eq!(
                matches!(key, PrivateKeyDer::Pkcs1(_)),
                key_type == KeyType::Rsa2048
            );
            rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
        }
    }

    #[test]
    fn no_key_is_in_any_debug_output() {
        let authority = Authority::new().unwrap();
        let device = authority
            .issue("device", KeyType::Ed25519, Validity::default())
            .unwrap();
        let secret = device.key_pem().lines().nth(1).unwrap();
        assert!(!format!("{device:?} {authority:?}").contains(secret));
    }
}
