//! What the server gets to see of a request.

use http::{Request, Version};
use sealift_network::RequestLimits;

use crate::support::{Answer, Authority, Server, empty, endless, full, network, put, read};

#[tokio::test]
async fn host_is_the_authority_and_connection_fields_stay_behind() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    let request = Request::builder()
        .uri(server.https("/a%20b?c=d"))
        .version(Version::HTTP_2)
        .header("host", "evil.example")
        .header("connection", "close, x-kept")
        .header("proxy-authorization", "Basic c2VjcmV0")
        .header("transfer-encoding", "chunked")
        .header("upgrade", "websocket")
        .header("x-kept", "kept")
        .body(empty())
        .unwrap();
    read(
        network
            .send(request, RequestLimits::default())
            .await
            .unwrap(),
    )
    .await
    .unwrap();

    let seen = server.seen().remove(0).head;
    assert_eq!(seen.uri(), "/a%20b?c=d");
    let mut fields: Vec<_> = seen
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    fields.sort_unstable();
    let host = format!("localhost:{}", server.address.port());
    assert_eq!(fields, [("host", host.as_str()), ("x-kept", "kept")]);
}

#[tokio::test]
async fn a_body_of_known_length_is_announced_and_arrives() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    let response = put(&network, &server.https("/"), full(vec![b'x'; 5 << 20]))
        .await
        .unwrap();
    assert_eq!(read(response).await.unwrap(), "ok");
    assert_eq!(
        server.seen()[0].head.headers()["content-length"],
        (5 << 20).to_string().as_str()
    );
}

#[tokio::test]
async fn an_announced_length_cuts_a_longer_body() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &[&server.https("")]);
    for _ in 0..3 {
        let request = Request::put(server.https("/"))
            .header("content-length", "200000")
            .body(endless())
            .unwrap();
        let response = network
            .send(request, RequestLimits::default())
            .await
            .unwrap();
        assert_eq!(read(response).await.unwrap(), "ok");
    }
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn plain_http_works_where_a_rule_says_so() {
    let authority = Authority::new();
    let server = Server::plain(Answer::Ok).await;
    let network = network(&authority, &[&server.http("")]);
    let response = put(&network, &server.http("/x"), full("y")).await.unwrap();
    assert_eq!(read(response).await.unwrap(), "ok");
}
