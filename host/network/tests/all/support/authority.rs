//! A certificate authority for one test.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sealift_network::{BoxError, CurrentIdentity, IdentitySource};
use tempfile::NamedTempFile;

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub(crate) enum Validity {
    Now,
    Past,
    Future,
}

/// Counts authorities: they must differ in name, or only signatures would tell them apart.
static AUTHORITIES: AtomicU64 = AtomicU64::new(0);

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    roots: NamedTempFile,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = format!("authority {}", AUTHORITIES.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut roots = NamedTempFile::new().unwrap();
        roots.write_all(issuer.pem().as_bytes()).unwrap();
        Self { issuer, roots }
    }

    pub(crate) fn roots_file(&self) -> PathBuf {
        self.roots.path().to_owned()
    }

    pub(crate) fn root(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A certificate for `names` and its key.
    pub(crate) fn issue(
        &self,
        names: &[&str],
        validity: Validity,
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        (params.not_before, params.not_after) = match validity {
            Validity::Now => (date_time_ymd(2000, 1, 1), date_time_ymd(2999, 1, 1)),
            Validity::Past => (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1)),
            Validity::Future => (date_time_ymd(2998, 1, 1), date_time_ymd(2999, 1, 1)),
        };
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (
            certificate.der().clone(),
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
    }

    /// An identity whose certificate is issued here.
    pub(crate) fn identity(&self) -> Arc<FixedIdentity> {
        self.identity_with(|key| key)
    }

    /// An identity whose certificate is issued here, and whose key is something else's to use.
    pub(crate) fn identity_with(
        &self,
        wrap: impl Fn(Arc<dyn SigningKey>) -> Arc<dyn SigningKey> + Send + Sync + 'static,
    ) -> Arc<FixedIdentity> {
        let identity = FixedIdentity {
            generation: AtomicU64::new(0),
            current: std::sync::Mutex::new(None),
            wrap: Box::new(wrap),
            slow: AtomicBool::new(false),
        };
        let identity = Arc::new(identity);
        identity.rotate(self);
        identity
    }
}

type Wrap = dyn Fn(Arc<dyn SigningKey>) -> Arc<dyn SigningKey> + Send + Sync;

/// An identity that changes when it is told to.
pub(crate) struct FixedIdentity {
    generation: AtomicU64,
    current: std::sync::Mutex<Option<(CertificateDer<'static>, Arc<dyn ResolvesClientCert>)>>,
    wrap: Box<Wrap>,
    /// Whether it says that its key is slow.
    pub(crate) slow: AtomicBool,
}

impl FixedIdentity {
    pub(crate) fn rotate(&self, authority: &Authority) {
        let (certificate, key) = authority.issue(&["device"], Validity::Now);
        let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let certified = CertifiedKey::new(vec![certificate.clone()], (self.wrap)(key));
        let resolver = Arc::new(SingleCertAndKey::from(certified));
        *self.current.lock().unwrap() = Some((certificate, resolver));
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.current.lock().unwrap().as_ref().unwrap().0.clone()
    }
}

impl IdentitySource for FixedIdentity {
    fn current(&self) -> Result<CurrentIdentity, BoxError> {
        Ok(CurrentIdentity {
            generation: self.generation.load(Ordering::Relaxed),
            resolver: Arc::clone(&self.current.lock().unwrap().as_ref().unwrap().1),
            slow: self.slow.load(Ordering::Relaxed),
        })
    }
}
