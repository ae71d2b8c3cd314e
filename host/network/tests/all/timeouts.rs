//! Each phase ends in time.

use std::time::Duration;

use sealift_network::{ConnectError, Network, NetworkError, Settings, Stalled};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::support::{
    Answer, Authority, SHORT, Server, configured, endless, eventually, fetch, full, get,
    network_with, put, settings, stalled, stood_still,
};

fn network(authority: &Authority, origin: &str, shorten: impl FnOnce(&mut Settings)) -> Network {
    let mut settings = settings(authority);
    shorten(&mut settings);
    network_with(settings, [configured(origin)], None)
}

/// A network that soon gives up on what does not move.
fn impatient(authority: &Authority, server: &Server) -> Network {
    network(authority, &server.https(""), |settings| {
        settings.timeouts.idle = SHORT;
    })
}

#[tokio::test]
async fn connecting() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts, so that once the queue is full further connections hang.
    let mut queue = Vec::new();
    while let Ok(connected) = tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
        queue.push(connected.unwrap());
    }
    let origin = format!("http://{address}");
    let network = network(&Authority::new(), &origin, |settings| {
        settings.timeouts.connect = SHORT;
    });
    let error = get(&network, &origin).await.unwrap_err();
    assert!(
        matches!(&error, NetworkError::Connect(ConnectError::ConnectTimeout { limit, .. }) if *limit == SHORT)
    );
    assert!(error.is_transient());
}

#[tokio::test]
async fn tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let network = network(&Authority::new(), &origin, |settings| {
        settings.timeouts.tls = SHORT;
    });
    let error = get(&network, &origin).await.unwrap_err();
    assert!(
        matches!(&error, NetworkError::Connect(ConnectError::TlsTimeout { limit, .. }) if *limit == SHORT)
    );
    assert!(error.is_transient());
}

#[tokio::test]
async fn the_first_byte() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Never).await;
    let network = network(&authority, &server.https(""), |settings| {
        settings.timeouts.first_byte = SHORT;
    });
    for body in [crate::support::empty(), full(vec![b'x'; 3 << 20])] {
        let error = put(&network, &server.https("/"), body).await.unwrap_err();
        assert!(matches!(&error, NetworkError::FirstByteTimeout { limit, .. } if *limit == SHORT));
        assert!(error.is_transient());
    }
    eventually("the connections close", || server.open() == 0).await;
}

#[tokio::test]
async fn a_server_that_takes_nothing() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Deaf).await;
    let network = impatient(&authority, &server);
    let error = put(&network, &server.https("/"), endless())
        .await
        .unwrap_err();
    assert_eq!(stood_still(&error), Stalled::Sending);
    assert!(error.is_transient());
    eventually("the connection closes", || server.open() == 0).await;
}

#[tokio::test]
async fn a_body_that_gives_nothing() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = impatient(&authority, &server);
    let error = put(&network, &server.https("/"), stalled())
        .await
        .unwrap_err();
    assert_eq!(stood_still(&error), Stalled::Source);
    assert!(!error.is_transient());
    eventually("the connection closes", || server.open() == 0).await;
}

#[tokio::test]
async fn a_response_that_falls_silent() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Stall).await;
    let network = impatient(&authority, &server);
    let error = fetch(&network, &server.https("/")).await.unwrap_err();
    assert_eq!(stood_still(&error), Stalled::Receiving);
    assert!(error.is_transient());
    eventually("the connection closes", || server.open() == 0).await;
}

/// A reader that takes longer than the limit is not taken for a silent server.
#[tokio::test]
async fn a_slow_reader_is_not_an_idle_server() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Sized(6 << 20)).await;
    let network = impatient(&authority, &server);
    let response = get(&network, &server.https("/")).await.unwrap();
    tokio::time::sleep(SHORT + Duration::from_millis(100)).await;
    assert_eq!(crate::support::read(response).await.unwrap().len(), 6 << 20);
}
