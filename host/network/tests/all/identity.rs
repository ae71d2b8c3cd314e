//! Which connections carry the device identity.

use rustls::HandshakeKind;
use sealift_network::{ConnectError, NetworkError, RequestLimits, TlsFailure};

use crate::support::{
    Answer, Authority, ClientAuth, Protocols, Server, ServerSettings, configured, endless, fetch,
    get, identity_rule, network, network_with, put, request, settings,
};

async fn server(authority: &Authority) -> Server {
    let settings = ServerSettings {
        client_auth: ClientAuth::Optional(authority),
        ..ServerSettings::default()
    };
    Server::with(authority, Answer::Ok, settings).await
}

#[tokio::test]
async fn identity_and_anonymous_requests_to_an_origin_have_connections_of_their_own() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let identity = authority.identity();
    let rules = [identity_rule(server.address), configured(&server.https(""))];
    let network = network_with(settings(&authority), rules, Some(identity.clone()));

    for path in [
        "/credentials",
        "/other",
        "/credentials",
        "/credentials?x",
        "/other",
    ] {
        fetch(&network, &server.https(path)).await.unwrap();
    }
    let post = request(
        http::Method::POST,
        &server.https("/credentials"),
        crate::support::empty(),
    );
    network.send(post, RequestLimits::default()).await.unwrap();

    let seen = server.seen();
    let with_identity: Vec<_> = seen.iter().map(|seen| seen.certificate.is_some()).collect();
    assert_eq!(with_identity, [true, false, true, false, false, false]);
    let connections: Vec<_> = seen.iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 2, 1, 2, 2, 2]);
    assert_eq!(seen[0].certificate, Some(identity.certificate()));
}

#[tokio::test]
async fn a_tls_session_made_with_the_identity_is_not_resumed_without_it() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let rules = [identity_rule(server.address), configured(&server.https(""))];
    let network = network_with(settings(&authority), rules, Some(authority.identity()));
    fetch(&network, &server.https("/credentials"))
        .await
        .unwrap();
    fetch(&network, &server.https("/other")).await.unwrap();
    assert_eq!(server.seen()[1].handshake, Some(HandshakeKind::Full));
    assert_eq!(server.seen()[1].certificate, None);
}

#[tokio::test]
async fn without_a_rule_for_the_rest_the_identity_origin_takes_only_the_identity_request() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let network = network_with(
        settings(&authority),
        [identity_rule(server.address)],
        Some(authority.identity()),
    );
    let denied = get(&network, &server.https("/role-aliases/admin/credentials")).await;
    assert!(matches!(denied, Err(NetworkError::Denied { .. })));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_rotated_certificate_is_used_for_the_next_request() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let identity = authority.identity();
    let network = network_with(
        settings(&authority),
        [identity_rule(server.address)],
        Some(identity.clone()),
    );
    let uri = server.https("/credentials");

    let first = identity.certificate();
    fetch(&network, &uri).await.unwrap();
    identity.rotate(&authority);
    fetch(&network, &uri).await.unwrap();
    fetch(&network, &uri).await.unwrap();

    let certificates: Vec<_> = server
        .seen()
        .into_iter()
        .map(|seen| seen.certificate.unwrap())
        .collect();
    let second = identity.certificate();
    assert_ne!(first, second);
    assert_eq!(certificates, [first, second.clone(), second]);
    assert_eq!(server.connections(), 2);
    crate::support::eventually("the old certificate's connection closes", || {
        server.open() == 1
    })
    .await;
}

#[tokio::test]
async fn without_an_identity_its_request_makes_no_connection() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let network = network_with(settings(&authority), [identity_rule(server.address)], None);
    let refused = get(&network, &server.https("/credentials")).await;
    assert!(matches!(refused, Err(NetworkError::Identity { .. })));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_missing_client_certificate_is_told_as_such() {
    let authority = Authority::new();
    for version in rustls::ALL_VERSIONS {
        let settings = ServerSettings {
            client_auth: ClientAuth::Required(&authority),
            versions: &[version],
            ..ServerSettings::default()
        };
        let server = Server::with(&authority, Answer::Ok, settings).await;
        let network = network(&authority, &[&server.https("")]);
        assert_refused(&get(&network, &server.https("/")).await.unwrap_err());
    }
}

#[tokio::test]
async fn a_refused_client_certificate_is_told_as_such() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for version in rustls::ALL_VERSIONS {
        for protocols in [Protocols::Http1, Protocols::Http2AndHttp1] {
            let server_settings = ServerSettings {
                client_auth: ClientAuth::Required(&stranger),
                versions: &[version],
                protocols,
                ..ServerSettings::default()
            };
            let server = Server::with(&authority, Answer::Ok, server_settings).await;
            let rules = [identity_rule(server.address)];
            let network = network_with(settings(&authority), rules, Some(authority.identity()));
            assert_refused(
                &get(&network, &server.https("/credentials"))
                    .await
                    .unwrap_err(),
            );
        }
    }
}

/// The refusal arrives while the client is busy sending, whose writes then fail with a reset.
#[tokio::test]
async fn a_refusal_is_recognised_in_the_middle_of_an_upload() {
    let authority = Authority::new();
    let server_settings = ServerSettings {
        client_auth: ClientAuth::Required(&authority),
        ..ServerSettings::default()
    };
    let server = Server::with(&authority, Answer::Ok, server_settings).await;
    let network = network(&authority, &[&server.https("")]);
    assert_refused(
        &put(&network, &server.https("/"), endless())
            .await
            .unwrap_err(),
    );
}

fn assert_refused(error: &NetworkError) {
    let refused = matches!(
        error,
        NetworkError::Connect(ConnectError::Tls {
            source: TlsFailure::ClientCertificateRefused { .. },
            ..
        })
    );
    assert!(refused, "{error:?}");
    assert!(!error.is_transient());
}
