//! How connections are shared, kept and given up.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use sealift_network::{Network, NetworkError, RequestLimits, Turn};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{
    Answer, Authority, SHORT, Server, configured, empty, endless, eventually, fetch, full, get,
    network, network_with, put, request, settings,
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

/// Passes the first connection on to a server and leaves all others without a word. Where it listens, and how
/// many there were.
async fn only_the_first_gets_through(to: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&accepted);
    tokio::spawn(async move {
        let mut silent = Vec::new();
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            if counted.fetch_add(1, Ordering::Relaxed) > 0 {
                silent.push(client);
                continue;
            }
            let mut server = TcpStream::connect(to).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (address, accepted)
}

/// A request that finds no idle connection begins one, and gets another that is idle again before that is made.
#[tokio::test]
async fn no_more_connections_are_begun_than_may_be_used_at_once() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let (relay, accepted) = only_the_first_gets_through(server.address).await;
    let mut settings = settings(&authority);
    settings.max_connections_per_origin = NonZeroUsize::new(2).unwrap();
    let uri = format!("https://{relay}/");
    let network = network_with(settings, [configured(&format!("https://{relay}"))], None);
    for _ in 0..5 {
        let (one, other) = tokio::join!(fetch(&network, &uri), fetch(&network, &uri));
        assert_eq!((one.unwrap(), other.unwrap()), ("ok".into(), "ok".into()));
    }
    let accepted = accepted.load(Ordering::Relaxed);
    assert!(accepted <= 2, "{accepted}");
}

#[tokio::test]
async fn requests_beyond_the_limit_wait_for_as_long_as_it_takes() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let mut settings = settings(&authority);
    settings.max_connections_per_origin = NonZeroUsize::new(2).unwrap();
    let network = network_with(settings, [configured(&server.https(""))], None);
    let uri = server.https("/");

    server.answer(Answer::Sized(4 << 20));
    let (first, second) = (
        get(&network, &uri).await.unwrap(),
        get(&network, &uri).await.unwrap(),
    );
    let mut third = tokio::spawn({
        let (network, uri) = (network.clone(), uri.clone());
        async move { get(&network, &uri).await }
    });
    assert!(tokio::time::timeout(SHORT, &mut third).await.is_err());
    // Whoever asks now comes after it.
    let next = turn(&network, &uri);
    tokio::pin!(next);
    assert!(tokio::time::timeout(SHORT, &mut next).await.is_err());
    assert_eq!(server.connections(), 2);

    drop(first);
    let third = third.await.unwrap().unwrap();
    assert!(tokio::time::timeout(SHORT, &mut next).await.is_err());
    drop(second);
    drop((third, next.await.unwrap()));
    fetch(&network, &uri).await.unwrap();
}

#[tokio::test]
async fn a_request_more_urgent_than_all_under_way_goes_beyond_the_limit() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let mut settings = settings(&authority);
    settings.max_connections_per_origin = NonZeroUsize::MIN;
    let network = network_with(settings, [configured(&server.https(""))], None);
    let uri = server.https("/");
    server.answer(Answer::Sized(4 << 20));
    let unread = get(&network, &uri).await.unwrap();
    let urgent = RequestLimits {
        urgency: 1,
        ..RequestLimits::default()
    };
    for _ in 0..2 {
        let sending = network.send(request(Method::GET, &uri, empty()), urgent);
        // Without waiting for a connection either, which it would for as long as one may take to be made.
        let answered = tokio::time::timeout(SHORT * 10, sending).await;
        assert_eq!(answered.unwrap().unwrap().status(), 200);
    }
    assert!(server.connections() > 1);
    drop(unread);
}

async fn turn(network: &Network, uri: &str) -> Result<Turn, NetworkError> {
    let uri = uri.parse().unwrap();
    network
        .turn(&Method::GET, &uri, RequestLimits::default())
        .await
}

#[tokio::test]
async fn a_request_in_a_turn_of_its_own_does_not_wait_again() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let mut settings = settings(&authority);
    settings.max_connections_per_origin = NonZeroUsize::MIN;
    let network = network_with(settings, [configured(&server.https(""))], None);
    let uri = server.https("/");
    let ours = turn(&network, &uri).await.unwrap();
    let get = request(Method::GET, &uri, empty());
    let response = network.send_in(ours, get, RequestLimits::default()).await;
    assert_eq!(response.unwrap().status(), 200);
    // It is given back with the response.
    fetch(&network, &uri).await.unwrap();
}

#[tokio::test]
async fn a_turn_for_another_origin_is_none() {
    let authority = Authority::new();
    let [here, there] = [
        Server::tls(&authority, Answer::Ok).await,
        Server::tls(&authority, Answer::Ok).await,
    ];
    let mut settings = settings(&authority);
    settings.max_connections_per_origin = NonZeroUsize::MIN;
    let rules = [configured(&here.https("")), configured(&there.https(""))];
    let network = network_with(settings, rules, None);
    let taken = turn(&network, &there.https("/")).await.unwrap();
    let foreign = turn(&network, &here.https("/")).await.unwrap();
    let get = request(Method::GET, &there.https("/"), empty());
    let sending = network.send_in(foreign, get, RequestLimits::default());
    tokio::pin!(sending);
    let waits = tokio::time::timeout(SHORT, &mut sending).await.is_err();
    assert!(waits, "the only turn is taken");
    drop(taken);
    assert_eq!(sending.await.unwrap().status(), 200);
}

#[tokio::test]
async fn no_turn_is_given_for_what_the_policy_denies() {
    let authority = Authority::new();
    let network = network(&authority, &["https://allowed.example"]);
    let error = turn(&network, "https://other.example/").await.unwrap_err();
    assert!(matches!(error, NetworkError::Denied { .. }), "{error:?}");
}

#[tokio::test]
async fn each_piece_of_a_body_that_leaves_is_counted() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    fetch(&network, &server.https("/")).await.unwrap();
    assert_eq!(network.moves(), 0);
    put(&network, &server.https("/"), full("some bytes"))
        .await
        .unwrap();
    assert!(network.moves() > 0);
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
        .send(request(Method::GET, &uri, empty()), limits)
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
