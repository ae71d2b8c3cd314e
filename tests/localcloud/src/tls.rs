//! The TLS side of the listeners.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::authority::{Authority, Certificate, Validity};
use crate::clock::Clock;
use crate::error::Error;

const PROVIDER: &str = "the credentials provider";
const ROLES_ANYWHERE: &str = "Roles Anywhere";
const JOBS: &str = "Jobs";
const S3: &str = "S3";

/// For the credentials provider: HTTP/1.1 only, and no handshake completes
/// without a certificate that the authority signed.
pub(crate) fn provider(
    authority: &Authority,
    listen: IpAddr,
    clock: Clock,
) -> Result<Arc<ServerConfig>, Error> {
    mutual(PROVIDER, authority, listen, clock, &[b"http/1.1"])
}

/// For Jobs: no handshake completes without a certificate that the authority signed. At port 443, AWS wants the
/// protocol that is named first.
pub(crate) fn jobs(
    authority: &Authority,
    listen: IpAddr,
    clock: Clock,
) -> Result<Arc<ServerConfig>, Error> {
    mutual(
        JOBS,
        authority,
        listen,
        clock,
        &[b"x-amzn-http-ca", b"http/1.1"],
    )
}

fn mutual(
    listener: &'static str,
    authority: &Authority,
    listen: IpAddr,
    clock: Clock,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, Error> {
    let root = root(authority, listener)?;
    let mut roots = RootCertStore::empty();
    roots.add(root).map_err(failed(listener))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto())
        .build()
        .map_err(failed(listener))?;
    let certificate = authority.issue_server(names(listen, []), Validity::default())?;
    config(listener, &certificate, clock, verifier, protocols)
}

/// For Roles Anywhere: HTTP/1.1 only, and no client certificates, which travel in headers. What
/// AWS negotiates there is not documented.
pub(crate) fn roles_anywhere(
    authority: &Authority,
    listen: IpAddr,
    clock: Clock,
) -> Result<Arc<ServerConfig>, Error> {
    let certificate = authority.issue_server(names(listen, []), Validity::default())?;
    let verifier = WebPkiClientVerifier::no_client_auth();
    config(
        ROLES_ANYWHERE,
        &certificate,
        clock,
        verifier,
        &[b"http/1.1"],
    )
}

/// The trust anchor of Roles Anywhere.
pub(crate) fn trust_anchor(authority: &Authority) -> Result<TrustAnchor<'static>, Error> {
    let root = root(authority, ROLES_ANYWHERE)?;
    let anchor = webpki::anchor_from_trusted_cert(&root).map_err(failed(ROLES_ANYWHERE))?;
    Ok(anchor.to_owned())
}

/// For S3: no client certificates, HTTP/1.1 and HTTP/2. The certificate also
/// names `BUCKET.localhost` for virtual-hosted requests.
pub(crate) fn s3(
    authority: &Authority,
    listen: IpAddr,
    clock: Clock,
    buckets: &[String],
) -> Result<Arc<ServerConfig>, Error> {
    let hosts = buckets.iter().map(|bucket| format!("{bucket}.localhost"));
    let certificate = authority.issue_server(names(listen, hosts), Validity::default())?;
    let verifier = WebPkiClientVerifier::no_client_auth();
    config(S3, &certificate, clock, verifier, &[b"h2", b"http/1.1"])
}

fn root(authority: &Authority, listener: &'static str) -> Result<CertificateDer<'static>, Error> {
    CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).map_err(failed(listener))
}

fn names(listen: IpAddr, hosts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut addresses = vec![
        IpAddr::from([127, 0, 0, 1]),
        IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
    ];
    if !listen.is_unspecified() && !addresses.contains(&listen) {
        addresses.push(listen);
    }
    std::iter::once("localhost".to_owned())
        .chain(hosts)
        .chain(addresses.iter().map(IpAddr::to_string))
        .collect()
}

fn config(
    listener: &'static str,
    certificate: &Certificate,
    clock: Clock,
    verifier: Arc<dyn ClientCertVerifier>,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, Error> {
    let key = certificate.key().map_err(failed(listener))?;
    let mut config = ServerConfig::builder_with_details(crypto(), Arc::new(clock))
        .with_safe_default_protocol_versions()
        .map_err(failed(listener))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.certificate().clone()], key)
        .map_err(failed(listener))?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

fn crypto() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn failed<E>(listener: &'static str) -> impl FnOnce(E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |source| Error::Tls {
        listener,
        source: Box::new(source),
    }
}
