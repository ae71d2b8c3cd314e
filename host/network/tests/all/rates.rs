//! All bodies together keep to the rate, and waiting for it is no stall.

use std::time::Duration;

use sealift_network::{AnsweredEarly, Network, Rates, Stalled};
use tokio::time::Instant;

use crate::support::{
    Answer, Authority, SHORT, Server, configured, endless, full, network_with, put, settings,
    stood_still,
};

/// A network with little patience and this limit.
fn network(authority: &Authority, server: &Server, limit: &str) -> Network {
    let mut settings = settings(authority);
    settings.timeouts.idle = SHORT;
    settings.rates = Rates {
        limit: limit.parse().unwrap(),
        ..Rates::default()
    };
    network_with(settings, [configured(&server.https(""))], None)
}

#[tokio::test]
async fn a_request_that_waits_for_another_longer_than_it_may_be_idle() {
    const SIZE: usize = 16 * 1024;
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let network = network(&authority, &server, "20KiB");
    let (one, other) = (server.https("/1"), server.https("/2"));
    let begun = Instant::now();
    let (first, second) = tokio::join!(
        put(&network, &one, full(vec![b'1'; SIZE])),
        put(&network, &other, full(vec![b'2'; SIZE])),
    );
    for response in [first.unwrap(), second.unwrap()] {
        assert!(response.status().is_success());
        assert_eq!(response.extensions().get::<AnsweredEarly>(), None);
    }
    // 1.6 s at the rate; the last slice goes before it is paid for.
    assert!(begun.elapsed() > Duration::from_millis(1400));
    assert!(network.paced() >= 2 * SIZE as u64 / 1400);
}

/// The body has given everything, and the limit holds it.
#[tokio::test]
async fn an_answer_before_the_last_slice_is_early() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Early).await;
    let network = network(&authority, &server, "1KiB");
    let body = full(vec![b'x'; 16 * 1024]);
    let response = put(&network, &server.https("/"), body).await.unwrap();
    let early = response.extensions().get::<AnsweredEarly>();
    assert_eq!(early, Some(&AnsweredEarly));
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_no_turn() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Deaf).await;
    let network = network(&authority, &server, "1GiB");
    let error = put(&network, &server.https("/"), endless())
        .await
        .unwrap_err();
    assert_eq!(stood_still(&error), Stalled::Sending);
}
