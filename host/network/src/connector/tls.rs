//! TLS: one configuration per identity and origin, and what a failed handshake means.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{
    AlertDescription, CertificateError, CipherSuite, ClientConfig, OtherError, SupportedCipherSuite,
};
use rustls_pki_types::ServerName;
use sealift_config::Host;
use sealift_keystore::SignError;

use crate::error::Error;
use crate::roots;
use crate::settings::Roots;

/// The most sessions that one configuration keeps for resumption. It serves one origin, so a few will do.
const SESSIONS: usize = 16;

/// Makes TLS configurations that share the roots and nothing else.
pub(crate) struct TlsFactory {
    base: ClientConfig,
    proxy: Arc<ClientConfig>,
}

impl TlsFactory {
    /// Reads the roots.
    pub(crate) fn new(roots: &Roots) -> Result<Self, Error> {
        let provider = Arc::new(provider());
        let roots = Arc::new(roots::load(roots)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(Error::Verifier)?;
        let mut base = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::Tls)?
            .with_webpki_verifier(verifier)
            .with_no_client_auth();
        base.resumption = Resumption::in_memory_sessions(SESSIONS);
        let proxy = Arc::new(base.clone());
        base.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { base, proxy })
    }

    /// A configuration with a session store of its own, so that a session made with an identity is never
    /// resumed without it, nor the other way round.
    pub(crate) fn to_origin(
        &self,
        identity: Option<Arc<dyn ResolvesClientCert>>,
    ) -> Arc<ClientConfig> {
        let mut config = self.base.clone();
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        if let Some(resolver) = identity {
            config.client_auth_cert_resolver = resolver;
        }
        Arc::new(config)
    }

    /// The configuration for proxies that are reached over TLS: without identity, and for HTTP/1.1 alone.
    pub(crate) fn to_proxy(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.proxy)
    }
}

/// The name that TLS asks for and checks.
pub(super) fn server_name(host: &Host) -> Result<ServerName<'static>, TlsFailure> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| TlsFailure::Name),
        Host::V4(address) => Ok(ServerName::IpAddress(IpAddr::V4(*address).into())),
        Host::V6(address) => Ok(ServerName::IpAddress(IpAddr::V6(*address).into())),
    }
}

/// aws-lc-rs, with the cipher suite first that costs this CPU the least.
///
/// AES-128 is as good as AES-256 for our purpose and a quarter cheaper; without AES instructions, as on many
/// small gateways, `ChaCha20` is several times cheaper than both.
fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    let has_aes = has_aes_instructions();
    provider
        .cipher_suites
        .sort_by_key(|suite| cost(suite, has_aes));
    provider
}

fn cost(suite: &SupportedCipherSuite, has_aes: bool) -> (bool, u8) {
    use CipherSuite as Suite;
    let cipher = match suite.suite() {
        Suite::TLS13_AES_128_GCM_SHA256
        | Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        | Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => 1,
        Suite::TLS13_AES_256_GCM_SHA384
        | Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        | Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => 2,
        _ if has_aes => 3,
        _ => 0,
    };
    (suite.tls13().is_none(), cipher)
}

fn has_aes_instructions() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    false
}

/// What a failed handshake means.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TlsFailure {
    /// The host's name cannot stand in a certificate.
    #[error("its host is no name that a certificate can have; check the endpoint's spelling")]
    Name,
    /// The server's certificate chain ends at no trusted root.
    #[error(
        "no trusted root vouches for the server's certificate; set `device.ca` to the PEM file with the root of \
         this endpoint (for AWS: AmazonRootCA1.pem), or leave it out to trust the system's"
    )]
    UnknownIssuer,
    /// The server's certificate has expired.
    #[error(
        "the server's certificate has expired, or this device's clock is ahead; check its date first"
    )]
    Expired(#[source] rustls::Error),
    /// The server's certificate is not valid yet.
    #[error(
        "the server's certificate is not valid yet, or this device's clock is behind; check its date first"
    )]
    NotYetValid(#[source] rustls::Error),
    /// The server's certificate is for other names.
    #[error(
        "the server's certificate is for other names ({}); check the endpoint's spelling",
        names(presented)
    )]
    NameMismatch {
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// The server's certificate is no good in another way.
    #[error(
        "the server's certificate is not acceptable; check that nothing on the way replaces it"
    )]
    Certificate(#[source] rustls::Error),
    /// The server rejected the device's certificate, or wanted one where the policy shows none.
    #[error(
        "the server refused the client certificate ({}); check that the device's certificate is active, \
         belongs to this endpoint's account and region, and has not expired", alert_name(*alert)
    )]
    ClientCertificateRefused {
        /// The alert it sent (RFC 8446 6.2).
        alert: AlertDescription,
    },
    /// The server ended the handshake for another reason.
    #[error("the server ended it with the alert {}; it may not support this device's TLS versions or keys", alert_name(*alert))]
    Alert {
        /// The alert it sent (RFC 8446 6.2).
        alert: AlertDescription,
    },
    /// What answered does not speak TLS.
    #[error("the server does not speak TLS on this port; check host, port and scheme")]
    NotTls(#[source] rustls::Error),
    /// The connection ended during the handshake.
    #[error("the connection broke before it was done; a firewall on the way may block this host")]
    Broken(#[source] Arc<io::Error>),
    /// The device's key did not sign.
    #[error("the device's key did not sign it")]
    Key(#[source] Arc<dyn StdError + Send + Sync>),
    /// Anything else.
    #[error("the handshake cannot be completed")]
    Other(#[source] rustls::Error),
}

impl TlsFailure {
    /// Reads what tokio-rustls makes of a failed handshake.
    pub(crate) fn of_io(error: io::Error) -> Self {
        match rustls_error(&error) {
            Some(cause) => Self::of(cause.clone()),
            None => Self::Broken(Arc::new(error)),
        }
    }

    /// Reads an error of rustls.
    pub(crate) fn of(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(reason) => Self::of_certificate(reason),
            rustls::Error::AlertReceived(alert) if refuses_client_certificate(alert) => {
                Self::ClientCertificateRefused { alert }
            }
            rustls::Error::AlertReceived(alert) => Self::Alert { alert },
            rustls::Error::InvalidMessage(_) => Self::NotTls(error),
            rustls::Error::Other(OtherError(source)) if source.is::<SignError>() => {
                Self::Key(source)
            }
            error => Self::Other(error),
        }
    }

    fn of_certificate(reason: CertificateError) -> Self {
        use CertificateError as Reason;
        match reason {
            // A bad signature: a trusted root has the issuer's name, but not its key.
            Reason::UnknownIssuer | Reason::BadSignature => Self::UnknownIssuer,
            Reason::Expired | Reason::ExpiredContext { .. } => Self::Expired(reason.into()),
            Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
                Self::NotYetValid(reason.into())
            }
            Reason::NotValidForName => Self::NameMismatch {
                presented: Vec::new(),
            },
            Reason::NotValidForNameContext { presented, .. } => Self::NameMismatch { presented },
            reason => Self::Certificate(reason.into()),
        }
    }

    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

/// The error of rustls within an I/O error. It cannot be found by `source()`, which skips it.
pub(crate) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error
        .get_ref()
        .and_then(|inner| (inner as &(dyn StdError + 'static)).downcast_ref())
}

/// Servers differ in the alert by which they refuse a client certificate, and many send the general
/// `handshake_failure`. It means an incompatible TLS version or cipher as well, but hardly ever does.
fn refuses_client_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::HandshakeFailure
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::CertificateRequired
    )
}

fn alert_name(alert: AlertDescription) -> impl fmt::Display {
    alert
        .as_str()
        .map_or_else(|| format!("{}", u8::from(alert)), str::to_owned)
}

fn names(presented: &[String]) -> String {
    const SHOWN: usize = 5;
    match presented.len() {
        0 => "none".to_owned(),
        1..=SHOWN => presented.join(", "),
        total => format!(
            "{}, and {} more",
            presented[..SHOWN].join(", "),
            total - SHOWN
        ),
    }
}
