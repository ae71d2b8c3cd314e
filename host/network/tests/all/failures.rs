//! What a failed exchange is told as.

use std::error::Error as _;
use std::io;

use http_body::Body as _;
use sealift_network::{ConnectError, NetworkError, RequestLimits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{
    Answer, Authority, Protocols, Server, ServerSettings, broken, empty, endless, fetch, full, get,
    network, put, read, request,
};

#[tokio::test]
async fn a_refused_connection() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = get(&network(&authority, &[&origin]), &origin)
        .await
        .unwrap_err();
    assert!(error.is_transient());
    match error {
        NetworkError::Connect(ConnectError::Dial { source, .. }) => {
            assert_eq!(source.kind(), io::ErrorKind::ConnectionRefused);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_that_does_not_resolve() {
    let authority = Authority::new();
    let origin = "https://nothing.invalid";
    let error = get(&network(&authority, &[origin]), origin)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, NetworkError::Connect(ConnectError::Dns { .. })),
        "{error:?}"
    );
    assert!(error.is_transient());
}

/// Answers the first connection with these bytes and hangs up.
async fn raw(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = socket.read(&mut request).await.unwrap();
        socket.write_all(answer).await.unwrap();
    });
    origin
}

#[tokio::test]
async fn a_server_that_hangs_up_before_or_during_its_answer() {
    let authority = Authority::new();
    for answer in [b"".as_slice(), b"HTTP/1.1 200 OK\r\ncontent-le"] {
        let origin = raw(answer).await;
        let error = get(&network(&authority, &[&origin]), &origin)
            .await
            .unwrap_err();
        assert!(matches!(&error, NetworkError::Closed { .. }), "{error:?}");
        assert!(error.is_transient());
    }
    let origin = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345").await;
    let error = fetch(&network(&authority, &[&origin]), &origin)
        .await
        .unwrap_err();
    assert!(matches!(&error, NetworkError::Closed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_does_not_speak_http() {
    let authority = Authority::new();
    let origin = raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").await;
    let error = get(&network(&authority, &[&origin]), &origin)
        .await
        .unwrap_err();
    assert!(matches!(&error, NetworkError::Protocol { .. }), "{error:?}");
    assert!(error.source().is_some());
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_of_a_response() {
    let authority = Authority::new();
    for protocols in [Protocols::Http1, Protocols::Http2AndHttp1] {
        let settings = ServerSettings {
            protocols,
            ..ServerSettings::default()
        };
        let server = Server::with(&authority, Answer::Break, settings).await;
        let error = fetch(
            &network(&authority, &[&server.https("")]),
            &server.https("/"),
        )
        .await
        .unwrap_err();
        assert!(matches!(&error, NetworkError::Closed { .. }), "{error:?}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn the_bodys_own_error_comes_back_as_it_was() {
    let authority = Authority::new();
    for protocols in [Protocols::Http1, Protocols::Http2AndHttp1] {
        let settings = ServerSettings {
            protocols,
            ..ServerSettings::default()
        };
        let server = Server::with(&authority, Answer::Ok, settings).await;
        let network = network(&authority, &[&server.https("")]);
        let error = put(&network, &server.https("/"), broken())
            .await
            .unwrap_err();
        assert!(!error.is_transient());
        match error {
            NetworkError::Body { source, .. } => {
                let own = source.downcast::<io::Error>().unwrap();
                assert_eq!(own.kind(), io::ErrorKind::StaleNetworkFileHandle);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_early_answer_is_heard_although_the_request_is_not_done() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Early).await;
    let network = network(&authority, &[&server.https("")]);
    let response = put(&network, &server.https("/"), endless()).await.unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(read(response).await.unwrap(), "early");
}

fn at_most(response_bytes: u64) -> RequestLimits {
    RequestLimits {
        response_bytes,
        ..RequestLimits::default()
    }
}

#[tokio::test]
async fn a_response_of_exactly_the_limit_is_taken_and_one_more_byte_is_not() {
    let authority = Authority::new();
    for answer in [Answer::Sized, Answer::Chunked] {
        let server = Server::tls(&authority, answer(100_000)).await;
        let network = network(&authority, &[&server.https("")]);
        let ask = || request(http::Method::GET, &server.https("/"), empty());
        let response = network.send(ask(), at_most(100_000)).await.unwrap();
        assert_eq!(read(response).await.unwrap().len(), 100_000);

        let error = match network.send(ask(), at_most(99_999)).await {
            Ok(response) => read(response).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(
            matches!(&error, NetworkError::ResponseTooLarge { limit: 99_999, .. }),
            "{error:?}"
        );
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn a_response_of_announced_length_over_the_limit_is_refused_at_its_head() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Sized(1000)).await;
    let network = network(&authority, &[&server.https("")]);
    let ask = request(http::Method::GET, &server.https("/"), empty());
    let refused = network.send(ask, at_most(999)).await;
    assert!(matches!(
        refused,
        Err(NetworkError::ResponseTooLarge { limit: 999, .. })
    ));
}

#[tokio::test]
async fn a_response_counts_its_bytes() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Chunked(5000)).await;
    let network = network(&authority, &[&server.https("")]);
    let response = put(&network, &server.https("/"), full("x")).await.unwrap();
    let mut body = std::pin::pin!(response.into_body());
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        frame.unwrap();
    }
    assert_eq!(body.received(), 5000);
    assert!(body.is_end_stream());
}
