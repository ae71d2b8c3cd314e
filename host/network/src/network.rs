//! The way out: every request of the guest and of the host goes through here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::{self, HeaderMap, HeaderName};
use http::uri::{Authority, PathAndQuery};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use sealift_config::{Origin, Scheme};

use crate::address::AddressRule;
use crate::clients::{Clients, Key, Lease, Turn};
use crate::connector::{ConnectError, Hop, ProxyFailure, Route, TlsFactory};
use crate::error::{Error, NetworkError};
use crate::exchange::{Answer, exchange};
use crate::identity::{CurrentIdentity, IdentitySource};
use crate::policy::{Decision, Policy};
use crate::proxy::Proxy;
use crate::request_body::RequestBody;
use crate::response_body::ResponseBody;
use crate::settings::{RequestLimits, Settings};
use crate::throttle::Throttle;

/// Sends requests, as far as the policy allows. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    settings: Settings,
    policy: Policy,
    identity: Option<Arc<dyn IdentitySource>>,
    tls: Arc<TlsFactory>,
    clients: Arc<Clients>,
    throttle: Option<Arc<Throttle>>,
    /// Pieces of bodies that left.
    moves: Arc<AtomicU64>,
}

impl Network {
    /// Reads the roots. Connections are made when they are needed.
    pub fn new(
        settings: Settings,
        policy: Policy,
        identity: Option<Arc<dyn IdentitySource>>,
    ) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            tls: Arc::new(TlsFactory::new(&settings.roots)?),
            clients: Arc::new(Clients::new(settings.max_connections_per_origin.get())),
            throttle: Throttle::new(settings.rates.clone()),
            moves: Arc::default(),
            settings,
            policy,
            identity,
        })))
    }

    /// The same network under another policy: connections and rates are shared.
    #[must_use]
    pub fn with_policy(&self, policy: Policy) -> Self {
        let inner = Inner::clone(&self.0);
        Self(Arc::new(Inner { policy, ..inner }))
    }

    /// Waits until one more request like this may be under way to its origin: more urgent ones go
    /// first, and of equally urgent ones that which asked first. One that is more urgent than all
    /// under way waits for none of them. There is no time limit: those under way have theirs. A request that is signed
    /// should be signed after this. To drop the future gives up the place.
    pub async fn turn(
        &self,
        method: &Method,
        uri: &Uri,
        limits: RequestLimits,
    ) -> Result<Turn, NetworkError> {
        let inner = &*self.0;
        let origin = Origin::try_from(uri).map_err(NetworkError::Uri)?;
        let (identity, _) = inner.judge(method, uri, &origin, limits)?;
        let (key, _) = inner.key(origin, identity)?;
        Ok(inner.clients.turn(key, limits.urgency).await)
    }

    /// As [`Network::send_in`], in a turn that is waited for.
    pub async fn send(
        &self,
        request: Request<RequestBody>,
        limits: RequestLimits,
    ) -> Result<Response<ResponseBody>, NetworkError> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let turn = self.turn(&method, &uri, limits).await?;
        self.send_in(turn, request, limits).await
    }

    /// Sends a request in its turn, and waits for the head of its response. In a turn that is not for
    /// it, or for an identity that was renewed since, it waits for another one.
    ///
    /// The request has an absolute URI. `Host` follows from the URI, and fields that concern only the
    /// connection are left out, whatever the request says. A response that came before the request was
    /// complete has the extension [`AnsweredEarly`](crate::AnsweredEarly). Redirects are not followed. To drop the future, or
    /// later the response's body, cancels the exchange.
    pub async fn send_in(
        &self,
        turn: Turn,
        mut request: Request<RequestBody>,
        limits: RequestLimits,
    ) -> Result<Response<ResponseBody>, NetworkError> {
        let inner = &*self.0;
        let timeouts = &inner.settings.timeouts;
        let origin = Origin::try_from(request.uri()).map_err(NetworkError::Uri)?;
        let judged = inner.judge(request.method(), request.uri(), &origin, limits)?;
        inner.policy.stamp(&mut request, &origin);
        let proxy = inner.settings.proxies.proxy_for(&origin);
        let reader = proxy
            .filter(|_| origin.scheme() == Scheme::Http)
            .map(AsRef::as_ref);
        let request = prepare(request, &origin, reader)?;
        let lease = inner.lease(turn, origin, judged, limits, proxy).await?;
        let pace = inner.throttle.as_ref();
        let pace = pace.map(|throttle| throttle.begin(limits.urgency));
        let moves = Arc::clone(&inner.moves);
        let answer = match exchange(request, pace, moves, &lease, limits, timeouts).await {
            Ok(answer) => answer,
            Err(error) => {
                lease.settle(&error);
                return Err(error);
            }
        };
        let Answer {
            response,
            probe,
            early,
        } = answer;
        check_proxy(&response, lease.origin(), reader)?;
        let (mut head, incoming) = response.into_parts();
        head.extensions.clear();
        if let Some(early) = early {
            head.extensions.insert(early);
        }
        let idle = limits.idle_within(timeouts);
        let body = ResponseBody::new(incoming, lease, probe, limits.response_bytes, idle)?;
        Ok(Response::from_parts(head, body))
    }
}

impl Network {
    /// Grows with every piece of a request's body that leaves, of whichever request: while it does, a
    /// request that waits for its turn waits for something.
    pub fn moves(&self) -> u64 {
        self.0.moves.load(Ordering::Relaxed)
    }

    /// Grows with every piece of a body that the rate limit lets through, of whichever request: while it
    /// does, a request that sends nothing may be waiting for its turn.
    pub fn paced(&self) -> u64 {
        self.0
            .throttle
            .as_ref()
            .map_or(0, |throttle| throttle.slices())
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("settings", &self.0.settings)
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

impl Inner {
    /// Whether the request goes with the identity, and to which addresses.
    fn judge(
        &self,
        method: &Method,
        uri: &Uri,
        origin: &Origin,
        limits: RequestLimits,
    ) -> Result<(bool, AddressRule), NetworkError> {
        match self.policy.decide(method, uri) {
            Decision::Allow {
                identity,
                exact,
                addresses,
            } if limits.reach.includes(exact) => Ok((identity, addresses)),
            _ => Err(NetworkError::Denied {
                origin: origin.clone(),
                method: method.clone(),
            }),
        }
    }

    /// What connections for a request have in common, and the identity that it is made with.
    fn key(
        &self,
        origin: Origin,
        identity: bool,
    ) -> Result<(Key, Option<CurrentIdentity>), NetworkError> {
        let identity = identity
            .then(|| self.current_identity(&origin))
            .transpose()?;
        let key = Key {
            identity: identity.as_ref().map(|identity| identity.generation),
            origin,
        };
        Ok((key, identity))
    }

    async fn lease(
        &self,
        mut turn: Turn,
        origin: Origin,
        (identity, addresses): (bool, AddressRule),
        limits: RequestLimits,
        proxy: Option<&Arc<Proxy>>,
    ) -> Result<Lease, NetworkError> {
        let (key, identity) = self.key(origin.clone(), identity)?;
        if !turn.is_for(&key) {
            drop(turn);
            turn = self.clients.turn(key, limits.urgency).await;
        }
        let route = || Route {
            origin,
            addresses,
            proxy: proxy.map(|proxy| Hop {
                proxy: Arc::clone(proxy),
                tls: self.tls.to_proxy(),
            }),
            slow_key: identity.as_ref().is_some_and(|identity| identity.slow),
            tls: self
                .tls
                .to_origin(identity.map(|identity| identity.resolver)),
            timeouts: self.settings.timeouts,
        };
        Ok(self.clients.lease(turn, route))
    }

    fn current_identity(&self, origin: &Origin) -> Result<CurrentIdentity, NetworkError> {
        let current = match &self.identity {
            Some(source) => source.current(),
            None => Err("no device identity is configured".into()),
        };
        current.map_err(|source| NetworkError::Identity {
            origin: origin.clone(),
            source,
        })
    }
}

/// Makes the request one that a client can send as it is, to the origin or to a proxy that reads it.
fn prepare(
    mut request: Request<RequestBody>,
    origin: &Origin,
    reader: Option<&Proxy>,
) -> Result<Request<RequestBody>, NetworkError> {
    remove_connection_fields(request.headers_mut());
    *request.uri_mut() = normalized(request.uri(), origin)?;
    *request.version_mut() = Version::HTTP_11;
    request.extensions_mut().clear();
    if let Some(value) = reader.and_then(Proxy::authorization_header) {
        request
            .headers_mut()
            .insert(header::PROXY_AUTHORIZATION, value);
    }
    Ok(request)
}

/// The fields that are between two ends of one connection (RFC 9110 7.6.1), and `Host`, which the client
/// derives from the URI.
const CONNECTION_FIELDS: [HeaderName; 9] = [
    header::HOST,
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

fn remove_connection_fields(headers: &mut HeaderMap) {
    for name in &CONNECTION_FIELDS {
        headers.remove(name);
    }
}

/// The URI with the authority as `Host` must have it, which is what the request's signature covers.
fn normalized(uri: &Uri, origin: &Origin) -> Result<Uri, NetworkError> {
    let authority: Result<Authority, _> = origin.authority().parse();
    let path = uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    let built = authority.map_err(http::Error::from).and_then(|authority| {
        Uri::builder()
            .scheme(origin.scheme().as_str())
            .authority(authority)
            .path_and_query(path)
            .build()
    });
    built.map_err(|error| NetworkError::Protocol {
        origin: origin.clone(),
        source: error.into(),
    })
}

/// Tells an answer of a proxy that reads the requests from one of the origin.
fn check_proxy<B>(
    response: &Response<B>,
    origin: &Origin,
    reader: Option<&Proxy>,
) -> Result<(), NetworkError> {
    match reader {
        Some(proxy) if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            Err(NetworkError::Connect(ConnectError::Proxy {
                origin: origin.clone(),
                proxy: proxy.to_string(),
                source: ProxyFailure::Unauthorized,
            }))
        }
        _ => Ok(()),
    }
}
