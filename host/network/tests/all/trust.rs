//! Whom the network takes for the server.

use sealift_network::{ConnectError, NetworkError, Roots, TlsFailure};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use crate::support::{
    Answer, Authority, Server, ServerSettings, Validity, fetch, get, network, network_with,
    settings,
};

async fn failure(authority: &Authority, server: &Server) -> TlsFailure {
    let network = network(authority, &[&server.https("")]);
    tls_failure(get(&network, &server.https("/")).await.unwrap_err())
}

fn tls_failure(error: NetworkError) -> TlsFailure {
    match error {
        NetworkError::Connect(ConnectError::Tls { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_unknown_issuer_leads_to_the_setting() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Server::tls(&stranger, Answer::Ok).await;
    let failure = failure(&authority, &server).await;
    assert!(matches!(failure, TlsFailure::UnknownIssuer));
    assert!(failure.to_string().contains("`device.ca`"));
}

#[tokio::test]
async fn a_certificate_out_of_its_time_leads_to_the_clock() {
    let authority = Authority::new();
    let with = |validity| ServerSettings {
        validity,
        ..ServerSettings::default()
    };
    let expired = Server::with(&authority, Answer::Ok, with(Validity::Past)).await;
    let expired = failure(&authority, &expired).await;
    assert!(matches!(expired, TlsFailure::Expired(_)));
    assert!(expired.to_string().contains("clock"));
    let early = Server::with(&authority, Answer::Ok, with(Validity::Future)).await;
    let early = failure(&authority, &early).await;
    assert!(matches!(early, TlsFailure::NotYetValid(_)));
    assert!(early.to_string().contains("clock"));
}

#[tokio::test]
async fn another_servers_certificate_is_told_with_its_names() {
    let authority = Authority::new();
    let settings = ServerSettings {
        names: &["other.example"],
        ..ServerSettings::default()
    };
    let server = Server::with(&authority, Answer::Ok, settings).await;
    let failure = failure(&authority, &server).await;
    assert!(matches!(&failure, TlsFailure::NameMismatch { presented } if presented.len() == 1));
    assert!(failure.to_string().contains("other.example"), "{failure}");
}

#[tokio::test]
async fn an_address_is_checked_against_the_certificate_too() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let origin = format!("https://{}", server.address);
    assert_eq!(
        fetch(&network(&authority, &[&origin]), &origin)
            .await
            .unwrap(),
        "ok"
    );

    let settings = ServerSettings {
        names: &["localhost"],
        ..ServerSettings::default()
    };
    let server = Server::with(&authority, Answer::Ok, settings).await;
    let origin = format!("https://{}", server.address);
    let error = get(&network(&authority, &[&origin]), &origin)
        .await
        .unwrap_err();
    assert!(matches!(
        tls_failure(error),
        TlsFailure::NameMismatch { .. }
    ));
}

#[tokio::test]
async fn a_server_without_tls_is_told_as_such() {
    let authority = Authority::new();
    let server = Server::plain(Answer::Ok).await;
    assert!(matches!(
        failure(&authority, &server).await,
        TlsFailure::NotTls(_)
    ));
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_handshake_may_be_tried_again() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let hang_up = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.read_u8().await.unwrap();
    };
    let network = network(&authority, &[&origin]);
    let (error, ()) = tokio::join!(get(&network, &origin), hang_up);
    let error = error.unwrap_err();
    assert!(error.is_transient());
    assert!(matches!(tls_failure(error), TlsFailure::Broken(_)));
}

#[tokio::test]
async fn the_systems_roots_do_not_vouch_for_a_private_authority() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let mut settings = settings(&authority);
    settings.roots = Roots::System;
    let rules = [crate::support::configured(&server.https(""))];
    let error = get(&network_with(settings, rules, None), &server.https("/"))
        .await
        .unwrap_err();
    assert!(matches!(tls_failure(error), TlsFailure::UnknownIssuer));
}
