//! Certificates for the server and for a device, new with each start.

use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SanType, SignatureAlgorithm,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate authority.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    root_pem: String,
}

/// A certificate and its key in PEM.
pub(crate) struct Device {
    /// The certificate.
    pub(crate) certificate: String,
    /// The key.
    pub(crate) key: String,
}

impl Authority {
    /// A new authority.
    pub(crate) fn new() -> Result<Self> {
        let mut params = named("benchmark authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let root = params.self_signed(&key)?;
        Ok(Self {
            root_pem: root.pem(),
            root: root.into(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The root certificate in PEM.
    pub(crate) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// A device as AWS IoT makes them: an RSA key of 2048 bits.
    pub(crate) fn device(&self) -> Result<Device> {
        let (certificate, key) = self.issue(
            &PKCS_RSA_SHA256,
            ExtendedKeyUsagePurpose::ClientAuth,
            Vec::new(),
        )?;
        Ok(Device {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// The certificate of a request, in PEM.
    pub(crate) fn certify(&self, request: &str) -> Result<String> {
        let request = CertificateSigningRequestParams::from_pem(request)?;
        Ok(request.signed_by(&self.issuer)?.pem())
    }

    /// TLS 1.3 and HTTP/1.1, as S3 speaks it; with `mutual`, for clients with our certificates only.
    pub(crate) fn server(&self, mutual: bool) -> Result<ServerConfig> {
        let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = if mutual {
            let mut roots = RootCertStore::empty();
            roots.add(self.root.clone())?;
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&crypto))
                .build()?
        } else {
            WebPkiClientVerifier::no_client_auth()
        };
        let names = ["localhost"].map(|name| name.try_into().map(SanType::DnsName));
        let mut names = names.into_iter().collect::<Result<Vec<_>, _>>()?;
        names.push(SanType::IpAddress([127, 0, 0, 1].into()));
        let (certificate, key) = self.issue(
            &PKCS_ECDSA_P256_SHA256,
            ExtendedKeyUsagePurpose::ServerAuth,
            names,
        )?;
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(anyhow::Error::msg)
            .context("server key")?;
        let mut config = ServerConfig::builder_with_provider(crypto)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate.into()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn issue(
        &self,
        algorithm: &'static SignatureAlgorithm,
        usage: ExtendedKeyUsagePurpose,
        names: Vec<SanType>,
    ) -> Result<(rcgen::Certificate, KeyPair)> {
        let key = KeyPair::generate_for(algorithm)?;
        let mut params = named("benchmark");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.subject_alt_names = names;
        params.use_authority_key_identifier_extension = true;
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }
}

/// A certificate whose issuer has its own name would count as self-signed.
fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
