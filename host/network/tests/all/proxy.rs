//! Through HTTP proxies.

use http::StatusCode;
use sealift_network::{
    ConnectError, Grant, Network, NetworkError, Proxies, ProxyFailure, RequestRule, Rule,
};
use tokio::net::TcpListener;

use crate::support::{
    Answer, Authority, ClientAuth, Proxy, ProxyBehaviour, SHORT, Server, ServerSettings,
    configured, fetch, get, network_with, pattern, settings,
};

/// A name that only the proxy can lead anywhere.
const ORIGIN: &str = "https://device.test";

async fn server(authority: &Authority) -> Server {
    let settings = ServerSettings {
        names: &["device.test"],
        client_auth: ClientAuth::Optional(authority),
        ..ServerSettings::default()
    };
    Server::with(authority, Answer::Ok, settings).await
}

fn through(authority: &Authority, url: &str, except: &str, rules: Vec<Rule>) -> Network {
    let url = url.parse().unwrap();
    let mut settings = settings(authority);
    settings.proxies = Proxies::new(Some(&url), Some(&url), except.parse().unwrap());
    settings.timeouts.connect = if except == "impatient" {
        SHORT
    } else {
        settings.timeouts.connect
    };
    network_with(settings, rules, Some(authority.identity()))
}

#[tokio::test]
async fn https_goes_through_a_tunnel_that_the_proxy_cannot_look_into() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let proxy = Proxy::plain(ProxyBehaviour::To(server.address)).await;
    let url = format!("http://user:hunter2@localhost:{}", proxy.address.port());
    let network = through(&authority, &url, "", vec![pattern(ORIGIN)]);
    for _ in 0..3 {
        assert_eq!(
            fetch(&network, "https://device.test/secret").await.unwrap(),
            "ok"
        );
    }
    assert_eq!(
        proxy.heads(),
        [
            "CONNECT device.test:443 HTTP/1.1\r\nHost: device.test:443\r\n\
          Proxy-Authorization: Basic dXNlcjpodW50ZXIy\r\n\r\n"
        ]
    );
    let seen = server.seen();
    assert_eq!(seen[0].head.headers()["host"], "device.test");
    assert!(!seen[0].head.headers().contains_key("proxy-authorization"));
}

#[tokio::test]
async fn the_identity_is_shown_to_the_origin_through_a_proxy_over_tls() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let proxy = Proxy::tls(ProxyBehaviour::To(server.address), &authority).await;
    let rule = Rule::Identity(RequestRule {
        grant: Grant::default(),
        method: http::Method::GET,
        authority: "device.test".parse().unwrap(),
        path: "/credentials".into(),
        query: None,
        fields: Vec::new(),
    });
    let url = format!("https://localhost:{}", proxy.address.port());
    let network = through(&authority, &url, "", vec![rule]);
    assert_eq!(
        fetch(&network, "https://device.test/credentials")
            .await
            .unwrap(),
        "ok"
    );
    assert!(server.seen()[0].certificate.is_some());
}

#[tokio::test]
async fn plain_http_is_sent_to_the_proxy_in_absolute_form() {
    let authority = Authority::new();
    let server = Server::plain(Answer::Ok).await;
    let proxy = Proxy::plain(ProxyBehaviour::To(server.address)).await;
    let url = format!("http://user:hunter2@{}", proxy.address);
    let network = through(&authority, &url, "", vec![pattern("http://device.test")]);
    assert_eq!(fetch(&network, "http://device.test/x").await.unwrap(), "ok");
    let head = proxy.heads().remove(0).to_ascii_lowercase();
    assert!(
        head.starts_with("get http://device.test/x http/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("host: device.test\r\n") && head.contains("proxy-authorization: basic "),
        "{head}"
    );
}

#[tokio::test]
async fn exceptions_are_reached_directly() {
    let authority = Authority::new();
    let server = Server::tls(&authority, Answer::Ok).await;
    let proxy = Proxy::plain(ProxyBehaviour::Says("HTTP/1.1 500 No\r\n\r\n")).await;
    let url = format!("http://{}", proxy.address);
    let network = through(
        &authority,
        &url,
        "localhost",
        vec![configured(&server.https(""))],
    );
    assert_eq!(fetch(&network, &server.https("/")).await.unwrap(), "ok");
    assert!(proxy.heads().is_empty());
}

#[tokio::test]
async fn a_literal_address_is_judged_even_where_the_proxy_would_connect() {
    let authority = Authority::new();
    let proxy = Proxy::plain(ProxyBehaviour::Silent).await;
    let url = format!("http://{}", proxy.address);
    let network = through(
        &authority,
        &url,
        "",
        vec![pattern("http://169.254.169.254")],
    );
    let error = get(&network, "http://169.254.169.254/").await.unwrap_err();
    assert!(matches!(
        error,
        NetworkError::Connect(ConnectError::AddressDenied { .. })
    ));
    assert!(proxy.heads().is_empty());
}

async fn failure(behaviour: ProxyBehaviour) -> (ProxyFailure, bool) {
    let proxy = Proxy::plain(behaviour).await;
    failure_at(&format!("http://{}", proxy.address)).await
}

async fn failure_at(url: &str) -> (ProxyFailure, bool) {
    let network = through(&Authority::new(), url, "impatient", vec![pattern(ORIGIN)]);
    let error = get(&network, ORIGIN).await.unwrap_err();
    let transient = error.is_transient();
    match error {
        NetworkError::Connect(ConnectError::Proxy { source, .. }) => (source, transient),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_way_a_proxy_can_fail() {
    let says = |answer| failure(ProxyBehaviour::Says(answer));
    let unauthorized =
        says("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
    assert!(matches!(unauthorized, (ProxyFailure::Unauthorized, false)));
    let refused = says("HTTP/1.1 403 Forbidden\r\n\r\n").await;
    assert!(matches!(
        refused,
        (
            ProxyFailure::Refused {
                status: StatusCode::FORBIDDEN
            },
            false
        )
    ));
    let down = says("HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
    assert!(matches!(
        down,
        (
            ProxyFailure::Refused {
                status: StatusCode::BAD_GATEWAY
            },
            true
        )
    ));
    assert!(matches!(
        says("220 smtp.example ESMTP\r\n\r\n").await,
        (ProxyFailure::Garbled, false)
    ));
    assert!(matches!(says("").await, (ProxyFailure::Broken(_), true)));
    assert!(matches!(
        failure(ProxyBehaviour::Silent).await,
        (ProxyFailure::Timeout { .. }, true)
    ));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (unreachable, transient) = failure_at(&url).await;
    assert!(transient);
    match unreachable {
        ProxyFailure::Unreachable(source) => assert!(matches!(*source, ConnectError::Dial { .. })),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_proxy_that_reads_requests_may_ask_for_authentication_too() {
    let server = Server::plain(Answer::ProxyAuthentication).await;
    let url = format!("http://{}", server.address);
    let network = through(
        &Authority::new(),
        &url,
        "",
        vec![pattern("http://device.test")],
    );
    let error = get(&network, "http://device.test/").await.unwrap_err();
    assert!(matches!(
        error,
        NetworkError::Connect(ConnectError::Proxy {
            source: ProxyFailure::Unauthorized,
            ..
        })
    ));
}

#[tokio::test]
async fn no_message_tells_the_proxys_password() {
    let url = "http://user:hunter2@localhost:1";
    let network = through(&Authority::new(), url, "", vec![pattern(ORIGIN)]);
    let error = get(&network, ORIGIN).await.unwrap_err();
    let printed = format!("{error} {error:?} {network:?}");
    assert!(
        !printed.contains("hunter2") && !printed.contains("dXNlcjpodW50ZXIy"),
        "{printed}"
    );
}
