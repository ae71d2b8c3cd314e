//! What the policy keeps from happening.

use std::net::IpAddr;

use sealift_config::OriginError;
use sealift_network::{ConnectError, NetworkError, Refusal, RequestLimits};

use crate::support::{
    Answer, Authority, Server, configured, empty, fetch, get, network, network_with, pattern,
    request, settings,
};

#[tokio::test]
async fn a_denied_origin_is_not_connected_to() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &["https://localhost"]);
    let denied = get(&network, &server.https("/")).await;
    assert!(matches!(denied, Err(NetworkError::Denied { .. })));
    let denied = get(&network, &server.http("/")).await;
    assert!(matches!(denied, Err(NetworkError::Denied { .. })));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_pattern_does_not_lead_to_this_machine_and_a_configured_origin_does() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let origin = server.https("");

    let by_pattern = network_with(settings(&authority), [pattern(&origin)], None);
    let error = get(&by_pattern, &server.https("/")).await.unwrap_err();
    assert!(matches!(
        &error,
        NetworkError::Connect(ConnectError::AddressDenied {
            refusal: Refusal::Loopback,
            ..
        })
    ));
    assert!(!error.is_transient());
    assert_eq!(server.connections(), 0);

    let by_name = network_with(
        settings(&authority),
        [pattern(&origin), configured(&origin)],
        None,
    );
    assert_eq!(fetch(&by_name, &server.https("/")).await.unwrap(), "ok");
}

#[tokio::test]
async fn literal_addresses_are_judged_in_every_form() {
    let authority = Authority::new();
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
    ] {
        let uri = format!("http://{host}/latest/meta-data/");
        let network = network_with(
            settings(&authority),
            [pattern(&format!("http://{host}"))],
            None,
        );
        let error = get(&network, &uri).await.unwrap_err();
        let expected: IpAddr = host.trim_matches(['[', ']']).parse().unwrap();
        assert!(matches!(
            error,
            NetworkError::Connect(ConnectError::AddressDenied { address, .. }) if address == expected
        ));
    }
}

#[tokio::test]
async fn a_uri_without_an_origin_is_refused() {
    let authority = Authority::new();
    let network = network(&authority, &["https://localhost"]);
    let error = get(&network, "/path").await.unwrap_err();
    assert!(matches!(error, NetworkError::Uri(OriginError::NoScheme)));
    let error = get(&network, "https://user@localhost/").await.unwrap_err();
    assert!(matches!(error, NetworkError::Uri(OriginError::HasUser)));
}

#[tokio::test]
async fn a_tunnel_to_somewhere_else_is_refused() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    let tunnel = request(http::Method::CONNECT, &server.https("/"), empty());
    let denied = network.send(tunnel, RequestLimits::default()).await;
    assert!(matches!(denied, Err(NetworkError::Denied { .. })));
    assert_eq!(server.connections(), 0);
}
