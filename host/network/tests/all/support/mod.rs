//! What every test needs: authorities, servers and a network with short patience.

mod authority;
mod bodies;
mod proxy;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use sealift_network::{
    Grant, IdentitySource, Network, NetworkError, Policy, RequestBody, RequestLimits, RequestRule,
    ResponseBody, Roots, Rule, Settings, Stalled, Timeouts,
};

pub(crate) use self::authority::{Authority, Validity};
pub(crate) use self::bodies::{broken, empty, endless, full, stalled};
pub(crate) use self::proxy::{Proxy, ProxyBehaviour};
pub(crate) use self::server::{Answer, ClientAuth, Protocols, Server, ServerSettings};

/// Long enough for this machine at its slowest, short enough to wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// Settings that trust `authority` and give up after 10 s.
pub(crate) fn settings(authority: &Authority) -> Settings {
    let patient = Duration::from_secs(10);
    Settings {
        timeouts: Timeouts {
            connect: patient,
            tls: patient,
            first_byte: patient,
            idle: patient,
        },
        roots: Roots::File(authority.roots_file()),
        ..Settings::default()
    }
}

/// A network that may reach these origins.
pub(crate) fn network(authority: &Authority, origins: &[&str]) -> Network {
    network_with(
        settings(authority),
        origins.iter().map(|origin| configured(origin)),
        None,
    )
}

pub(crate) fn network_with(
    settings: Settings,
    rules: impl IntoIterator<Item = Rule>,
    identity: Option<Arc<dyn IdentitySource>>,
) -> Network {
    Network::new(settings, Policy::new(rules), identity).unwrap()
}

pub(crate) fn configured(origin: &str) -> Rule {
    Rule::Configured(origin.parse().unwrap())
}

pub(crate) fn pattern(pattern: &str) -> Rule {
    Rule::Pattern(pattern.parse().unwrap())
}

/// The rule for `GET https://localhost:PORT/credentials` with identity.
pub(crate) fn identity_rule(address: SocketAddr) -> Rule {
    Rule::Identity(RequestRule {
        grant: Grant::default(),
        method: Method::GET,
        authority: format!("localhost:{}", address.port()).parse().unwrap(),
        path: "/credentials".into(),
        query: None,
        fields: Vec::new(),
    })
}

pub(crate) fn request(method: Method, uri: &str, body: RequestBody) -> Request<RequestBody> {
    Request::builder()
        .method(method)
        .uri(uri)
        .body(body)
        .unwrap()
}

pub(crate) async fn get(
    network: &Network,
    uri: &str,
) -> Result<Response<ResponseBody>, NetworkError> {
    network
        .send(request(Method::GET, uri, empty()), RequestLimits::default())
        .await
}

pub(crate) async fn put(
    network: &Network,
    uri: &str,
    body: RequestBody,
) -> Result<Response<ResponseBody>, NetworkError> {
    network
        .send(request(Method::PUT, uri, body), RequestLimits::default())
        .await
}

/// Sends a GET and reads the whole response.
pub(crate) async fn fetch(network: &Network, uri: &str) -> Result<Bytes, NetworkError> {
    read(get(network, uri).await?).await
}

pub(crate) async fn read(response: Response<ResponseBody>) -> Result<Bytes, NetworkError> {
    Ok(response.into_body().collect().await?.to_bytes())
}

/// What stood still, of an error that says that something did.
#[track_caller]
pub(crate) fn stood_still(error: &NetworkError) -> Stalled {
    match error {
        NetworkError::IdleTimeout { stalled, .. } => *stalled,
        other => panic!("{other:?}"),
    }
}

/// Waits until `condition` holds, for at most 10 s.
pub(crate) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "never happened: {what}"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
