//! From an origin to a connection: dial, tunnel, handshake.

mod aside;
mod dial;
mod error;
mod link;
mod metered;
mod tls;
mod transport;
mod tunnel;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use sealift_config::{Origin, Scheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use self::link::{Link, Socket};
use self::metered::Metered;
use self::transport::Transport;
use crate::address::AddressRule;
use crate::proxy::Proxy;
use crate::settings::Timeouts;

pub use self::error::{ConnectError, ProxyFailure};
pub(crate) use self::link::LinkProbe;
pub use self::tls::TlsFailure;
pub(crate) use self::tls::{TlsFactory, rustls_error};

/// How much ciphertext rustls holds for a connection, in bytes. Large enough that one system call carries
/// many records, small enough that connections cost little.
const TLS_BUFFER: usize = 256 << 10;

/// Where connections of one client go, and how.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) origin: Origin,
    /// Which of the origin's addresses are allowed. Of a proxied origin only a literal can be judged, since
    /// it is the proxy that resolves names; the proxy's own address is not for the policy to judge, since it
    /// comes from the configuration alone.
    pub(crate) addresses: AddressRule,
    pub(crate) proxy: Option<Hop>,
    /// The identity, if any, is in here.
    pub(crate) tls: Arc<ClientConfig>,
    /// Whether the identity's key takes so long to sign that handshakes need a thread of their own.
    pub(crate) slow_key: bool,
    pub(crate) timeouts: Timeouts,
}

/// The proxy on a route.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) proxy: Arc<Proxy>,
    /// For a proxy that is itself reached over TLS; never with an identity.
    pub(crate) tls: Arc<ClientConfig>,
}

/// Makes connections along one route, no more at a time than there are places.
///
/// hyper begins a connection for each request that finds none idle, and goes on with it when the request
/// got another one meanwhile. With many short requests those would be handshakes for nothing.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    route: Arc<Route>,
    places: Arc<Semaphore>,
}

impl Connector {
    pub(crate) fn new(route: Route, places: usize) -> Self {
        Self {
            route: Arc::new(route),
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Lets one connection more be there at a time.
    pub(crate) fn add_place(&self) {
        self.places.add_permits(1);
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Link>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    /// The URI is not looked at: every request of the client that this connector belongs to has its origin.
    fn call(&mut self, _: Uri) -> Self::Future {
        let route = Arc::clone(&self.route);
        let places = Arc::clone(&self.places);
        Box::pin(async move {
            // Connections that will not end must not keep requests from others: no longer than it may take
            // to make one.
            let place = timeout(route.timeouts.connect, places.acquire_owned()).await;
            let link = route.connect().await?;
            Ok(TokioIo::new(link.in_place(place.ok().and_then(Result::ok))))
        })
    }
}

impl Route {
    async fn connect(&self) -> Result<Link, ConnectError> {
        let origin = &self.origin;
        dial::check_literal(origin.host(), self.addresses)?;
        let socket = match &self.proxy {
            None => Transport::Plain(self.dial(origin, self.addresses).await?),
            Some(hop) => self
                .through(hop)
                .await
                .map_err(|source| ConnectError::Proxy {
                    origin: origin.clone(),
                    proxy: hop.proxy.to_string(),
                    source,
                })?,
        };
        let socket = Metered::new(socket);
        match origin.scheme() {
            Scheme::Https => {
                let stream = self.handshake(origin, &self.tls, socket, self.slow_key);
                Ok(Link::tls(stream.await?))
            }
            Scheme::Http => Ok(Link::plain(socket, self.proxy.is_some())),
        }
    }

    /// A connection to the proxy or, for an https origin, through it.
    async fn through(&self, hop: &Hop) -> Result<Socket, ProxyFailure> {
        let unreachable = |error| ProxyFailure::Unreachable(Box::new(error));
        let proxy = hop.proxy.origin();
        let socket = self
            .dial(proxy, AddressRule::Any)
            .await
            .map_err(unreachable)?;
        let mut socket = match proxy.scheme() {
            Scheme::Http => Transport::Plain(socket),
            Scheme::Https => {
                let stream = self.handshake(proxy, &hop.tls, socket, false).await;
                Transport::Tls(Box::new(stream.map_err(unreachable)?))
            }
        };
        if self.origin.scheme() == Scheme::Https {
            let limit = self.timeouts.connect;
            let opening = tunnel::open(&mut socket, &self.origin, hop.proxy.authorization());
            timeout(limit, opening)
                .await
                .unwrap_or(Err(ProxyFailure::Timeout { limit }))?;
        }
        Ok(socket)
    }

    async fn dial(&self, to: &Origin, addresses: AddressRule) -> Result<TcpStream, ConnectError> {
        dial::dial(to.host(), to.port(), addresses, self.timeouts.connect).await
    }

    async fn handshake<S>(
        &self,
        with: &Origin,
        config: &Arc<ClientConfig>,
        stream: S,
        slow_key: bool,
    ) -> Result<TlsStream<S>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limit = self.timeouts.tls;
        let failed = |source| ConnectError::Tls {
            origin: with.clone(),
            source,
        };
        let name = tls::server_name(with.host()).map_err(failed)?;
        let handshake =
            TlsConnector::from(Arc::clone(config)).connect_with(name, stream, |session| {
                session.set_buffer_limit(Some(TLS_BUFFER));
            });
        let handshake = async {
            if slow_key {
                aside::aside(handshake).await
            } else {
                handshake.await
            }
        };
        match timeout(limit, handshake).await {
            Ok(stream) => stream.map_err(|error| failed(TlsFailure::of_io(error))),
            Err(_) => Err(ConnectError::TlsTimeout {
                origin: with.clone(),
                limit,
            }),
        }
    }
}
