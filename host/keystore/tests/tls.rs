//! Mutual TLS handshakes in memory, with every kind of key and both versions.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, RootCertStore, ServerConfig,
    ServerConnection, SideData, SignatureScheme, SupportedProtocolVersion,
};
use sealift_keystore::Identity;
use support::{KINDS, P256, Workshop, now};

#[test]
fn servers_accept_every_kind_of_key_in_both_versions() {
    for (algorithm, kind) in KINDS {
        let workshop = Workshop::new();
        let identity = workshop.device(kind).load(now()).unwrap();
        let server = server_certificate(&workshop);
        for version in [&TLS12, &TLS13] {
            let mut client = client(&workshop, version, identity.resolver());
            let mut server = serve(&workshop, version, &server);
            handshake(&mut client, &mut server)
                .unwrap_or_else(|error| panic!("{algorithm}, {version:?}: {error}"));
            let presented = server.peer_certificates().unwrap();
            assert_eq!(
                presented,
                identity.chain().der(),
                "{algorithm}, {version:?}"
            );
        }
    }
}

#[test]
fn a_server_notices_a_certificate_of_another_authority() {
    let workshop = Workshop::new();
    let identity = workshop.device(P256).load(now()).unwrap();
    workshop.authority("ca");
    let server = server_certificate(&workshop);
    let mut client = client(&workshop, &TLS13, identity.resolver());
    let mut server = serve(&workshop, &TLS13, &server);
    let error = handshake(&mut client, &mut server).unwrap_err();
    assert!(
        matches!(error, rustls::Error::InvalidCertificate(_)),
        "{error}"
    );
}

#[test]
fn the_scheme_is_the_best_that_the_server_offers() {
    let workshop = Workshop::new();
    let identity = workshop.device(KINDS[0].1).load(now()).unwrap();
    let chosen = |offered: &[SignatureScheme]| chosen(&identity, offered);
    let (pss, pkcs1) = (
        SignatureScheme::RSA_PSS_SHA256,
        SignatureScheme::RSA_PKCS1_SHA256,
    );
    assert_eq!(chosen(&[pkcs1, pss]), Some(pss));
    assert_eq!(
        chosen(&[SignatureScheme::ECDSA_NISTP256_SHA256, pkcs1]),
        Some(pkcs1)
    );
}

#[test]
fn no_certificate_is_presented_that_the_server_could_not_verify() {
    let workshop = Workshop::new();
    let resolver = workshop.device(P256).load(now()).unwrap().resolver();
    for offered in [&[][..], &[SignatureScheme::ED25519]] {
        assert!(resolver.resolve(&[], offered).is_none());
    }
    let offered = [SignatureScheme::ECDSA_NISTP256_SHA256];
    assert!(
        resolver
            .resolve(&[b"another authority"], &offered)
            .is_some()
    );
}

fn chosen(identity: &Identity, offered: &[SignatureScheme]) -> Option<SignatureScheme> {
    let key = identity.resolver().resolve(&[], offered)?;
    Some(key.key.choose_scheme(offered)?.scheme())
}

/// Carries messages to and fro until both sides are done or one complains.
fn handshake(
    client: &mut ClientConnection,
    server: &mut ServerConnection,
) -> Result<(), rustls::Error> {
    for _ in 0..10 {
        carry(client, server)?;
        carry(server, client)?;
        if !client.is_handshaking() && !server.is_handshaking() {
            return Ok(());
        }
    }
    panic!("the handshake does not end");
}

fn carry<F: SideData, T: SideData>(
    from: &mut ConnectionCommon<F>,
    to: &mut ConnectionCommon<T>,
) -> Result<(), rustls::Error> {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).unwrap();
    }
    let mut wire = wire.as_slice();
    while !wire.is_empty() {
        to.read_tls(&mut wire).unwrap();
        to.process_new_packets()?;
    }
    Ok(())
}

fn client(
    workshop: &Workshop,
    version: &'static SupportedProtocolVersion,
    resolver: Arc<dyn ResolvesClientCert>,
) -> ClientConnection {
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots(workshop))
        .with_client_cert_resolver(resolver);
    ClientConnection::new(config.into(), "localhost".try_into().unwrap()).unwrap()
}

type ServerCertificate = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn server_certificate(workshop: &Workshop) -> ServerCertificate {
    let key = workshop.key("server.key", P256);
    let names = "basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:localhost";
    let certificate = workshop.certificate("server", "server.key", "ca", names);
    (
        CertificateDer::from_pem_file(certificate).unwrap(),
        PrivateKeyDer::from_pem_file(key).unwrap(),
    )
}

fn serve(
    workshop: &Workshop,
    version: &'static SupportedProtocolVersion,
    (certificate, key): &ServerCertificate,
) -> ServerConnection {
    let provider = Arc::new(default_provider());
    let roots = roots(workshop).into();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate.clone()], key.clone_key())
        .unwrap();
    ServerConnection::new(config.into()).unwrap()
}

fn roots(workshop: &Workshop) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(workshop.path("ca.pem")).unwrap())
        .unwrap();
    roots
}
