//! How connections are shared, kept and given up.

use std::num::NonZeroUsize;
use std::time::Duration;

use sealift_network::{NetworkError, RequestLimits};

use crate::support::{
    Answer, Authority, SHORT, Server, configured, empty, endless, eventually, fetch, get, network,
    network_with, put, request, settings,
};

#[tokio::test]
async fn requests_one_after_the_other_share_a_connection() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    for _ in 0..20 {
        assert_eq!(fetch(&network, &server.https("/")).await.unwrap(), "ok");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn clones_share_connections() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    fetch(&network.clone(), &server.https("/")).await.unwrap();
    fetch(&network.clone(), &server.https("/")).await.unwrap();
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn requests_beyond_the_limit_wait_and_then_give_up() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let mut settings = settings(&authority);
    settings.max_connections_per_origin = NonZeroUsize::new(2).unwrap();
    settings.timeouts.turn = SHORT;
    let network = network_with(settings, [configured(&server.https(""))], None);
    let uri = server.https("/");

    server.answer(Answer::Sized(4 << 20));
    let (first, second) = (
        get(&network, &uri).await.unwrap(),
        get(&network, &uri).await.unwrap(),
    );
    let error = get(&network, &uri).await.unwrap_err();
    assert!(matches!(&error, NetworkError::Busy { waited, .. } if *waited == SHORT));
    assert!(error.is_transient());
    assert_eq!(server.connections(), 2);

    drop((first, second));
    fetch(&network, &uri).await.unwrap();
}

#[tokio::test]
async fn a_read_response_gives_its_turn_to_the_next_request() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Sized(100_000)).await;
    let mut settings = settings(&authority);
    settings.max_connections_per_origin = NonZeroUsize::MIN;
    let network = network_with(settings, [configured(&server.https(""))], None);
    let uri = server.https("/");
    let fetches = (0..10).map(|_| {
        let (network, uri) = (network.clone(), uri.clone());
        tokio::spawn(async move { fetch(&network, &uri).await.unwrap().len() })
    });
    for fetched in fetches.collect::<Vec<_>>() {
        assert_eq!(fetched.await.unwrap(), 100_000);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn after_a_failure_the_next_attempt_uses_a_new_connection() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    let uri = server.https("/");
    // Two connections, one of which is idle while the other one fails.
    server.answer(Answer::Sized(1 << 20));
    let (first, second) = (
        get(&network, &uri).await.unwrap(),
        get(&network, &uri).await.unwrap(),
    );
    crate::support::read(first).await.unwrap();
    crate::support::read(second).await.unwrap();
    assert_eq!(server.connections(), 2);

    server.answer(Answer::Never);
    let limits = RequestLimits {
        first_byte: Some(SHORT),
        ..RequestLimits::default()
    };
    let error = network
        .send(request(http::Method::GET, &uri, empty()), limits)
        .await
        .unwrap_err();
    assert!(matches!(error, NetworkError::FirstByteTimeout { .. }));

    server.answer(Answer::Ok);
    fetch(&network, &uri).await.unwrap();
    assert_eq!(server.seen().last().unwrap().connection, 3);
    eventually("the old connections close", || server.open() == 1).await;
}

#[tokio::test]
async fn a_failure_leaves_requests_under_way_alone() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Sized(4 << 20)).await;
    let network = network(&authority, &[&server.https("")]);
    let uri = server.https("/");
    let under_way = get(&network, &uri).await.unwrap();
    server.answer(Answer::Break);
    let error = fetch(&network, &uri).await.unwrap_err();
    assert!(matches!(error, NetworkError::Closed { .. }), "{error:?}");
    assert_eq!(
        crate::support::read(under_way).await.unwrap().len(),
        4 << 20
    );
}

#[tokio::test]
async fn a_dropped_request_closes_its_connection() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Deaf).await;
    let network = network(&authority, &[&server.https("")]);
    let uri = server.https("/");
    let sending = put(&network, &uri, endless());
    assert!(tokio::time::timeout(SHORT, sending).await.is_err());
    eventually("the connection closes", || {
        server.connections() == 1 && server.open() == 0
    })
    .await;
}

#[tokio::test]
async fn a_dropped_response_closes_its_connection() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Stall).await;
    let network = network(&authority, &[&server.https("")]);
    drop(get(&network, &server.https("/")).await.unwrap());
    eventually("the connection closes", || server.open() == 0).await;
}

#[tokio::test]
async fn a_dropped_network_closes_its_connections() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    fetch(&network, &server.https("/")).await.unwrap();
    assert_eq!(server.open(), 1);
    drop(network);
    eventually("the connection closes", || server.open() == 0).await;
}

/// A response outlives the network that it came through.
#[tokio::test]
async fn a_response_under_way_survives_its_network() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Chunked(2 << 20)).await;
    let network = network(&authority, &[&server.https("")]);
    let response = get(&network, &server.https("/")).await.unwrap();
    drop(network);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(crate::support::read(response).await.unwrap().len(), 2 << 20);
}
