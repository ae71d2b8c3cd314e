//! HTTP/2, where the server chooses it.

use http::Version;
use sealift_network::RequestLimits;

use crate::support::{
    Answer, Authority, Protocols, Server, ServerSettings, full, get, network, put, read,
};

async fn server(authority: &Authority, answer: Answer) -> Server {
    let settings = ServerSettings {
        protocols: Protocols::Http2AndHttp1,
        ..ServerSettings::default()
    };
    Server::with(authority, answer, settings).await
}

#[tokio::test]
async fn it_is_used_when_negotiated_and_shares_one_connection() {
    let authority = Authority::new();
    let server = server(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    let response = get(&network, &server.https("/")).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    read(response).await.unwrap();

    let requests: Vec<_> = (0..6)
        .map(|_| {
            let (network, uri) = (network.clone(), server.https("/"));
            tokio::spawn(async move {
                let response = put(&network, &uri, full(vec![b'x'; 1 << 20]))
                    .await
                    .unwrap();
                read(response).await.unwrap()
            })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), "ok");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_authority_is_what_was_signed() {
    let authority = Authority::new();
    let server = server(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    let request = http::Request::get(server.https("/x"))
        .header("host", "evil.example")
        .body(full(""))
        .unwrap();
    network
        .send(request, RequestLimits::default())
        .await
        .unwrap();
    let head = server.seen().remove(0).head;
    assert_eq!(*head.uri(), *server.https("/x"));
    assert!(!head.headers().contains_key("host"));
}
