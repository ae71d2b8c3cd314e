//! Accepting, handshaking, serving and stopping, the same for all services.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

use crate::body::AnswerBody;
use crate::counters::Counter;
use crate::error::Error;
use crate::fingerprint::Fingerprint;

/// Connections per listener; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 256;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests under way may take to finish after a stop.
const GRACE: Duration = Duration::from_secs(5);
/// Room for a session token of 100 KiB, and then some.
const MAX_HEADER_BYTES: u32 = 512 * 1024;
/// HTTP/2's default window of 64 KiB would make uploads wait for the client.
const WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// What answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request, or ends its connection; `peer` is the certificate
    /// that the client proved to own.
    fn handle(
        &self,
        peer: Option<Fingerprint>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<AnswerBody>, Cut>> + Send;

    /// What counts handshakes.
    fn handshakes(&self) -> Handshakes<'_>;
}

/// How a connection ends, with every request on it, instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Closed without a word.
    Close,
    /// Reset, as if the machine had forgotten it.
    Reset,
}

/// What counts handshakes.
pub(crate) struct Handshakes<'a> {
    pub(crate) completed: &'a Counter,
    pub(crate) failed: &'a Counter,
}

/// A bound port that nothing serves yet.
#[derive(Debug)]
pub(crate) struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds a free port.
    pub(crate) async fn bind(address: IpAddr) -> Result<Self, Error> {
        let wanted = SocketAddr::new(address, 0);
        let failed = |source| Error::Listen {
            address: wanted,
            source,
        };
        let tcp = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, address })
    }

    /// `HOST:PORT` for clients on this machine.
    pub(crate) fn endpoint(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port()).to_string()
    }

    /// Serves until told to stop, then lets requests under way finish within a
    /// grace period. Dropping the future ends every connection at once.
    pub(crate) async fn serve<H: Handler>(
        self,
        tls: Arc<ServerConfig>,
        handler: Arc<H>,
        stop: watch::Receiver<bool>,
    ) {
        let acceptor = TlsAcceptor::from(tls);
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut stopping = stop.clone();
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.tcp, &permits) => accepted,
                Some(_) = connections.join_next() => continue,
                () = stopped(&mut stopping) => break,
            };
            let (stream, permit) = accepted;
            let (acceptor, handler) = (acceptor.clone(), Arc::clone(&handler));
            let stop = stop.clone();
            connections.spawn(async move {
                if let Some(stream) = handshake(&acceptor, stream, &handler.handshakes()).await {
                    serve_connection(stream, handler, stop).await;
                }
                drop(permit);
            });
        }
        drop(self.tcp);
        let finished = timeout(GRACE, async {
            while connections.join_next().await.is_some() {}
        });
        if finished.await.is_err() {
            debug!(left = connections.len(), "connections did not end in time");
        }
    }
}

async fn accept(
    tcp: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, Option<tokio::sync::OwnedSemaphorePermit>) {
    // The semaphore is never closed, so there always is a permit.
    let permit = Arc::clone(permits).acquire_owned().await.ok();
    loop {
        match tcp.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                // Out of file descriptors, most likely: it passes.
                debug!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn handshake(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    handshakes: &Handshakes<'_>,
) -> Option<TlsStream<TcpStream>> {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "cannot turn off Nagle's algorithm");
    }
    match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            handshakes.completed.count();
            return Some(stream);
        }
        Ok(Err(error)) => debug!(%error, "TLS handshake failed"),
        Err(_) => debug!("TLS handshake took too long"),
    }
    handshakes.failed.count();
    None
}

async fn serve_connection<H: Handler>(
    stream: TlsStream<TcpStream>,
    handler: Arc<H>,
    mut stop: watch::Receiver<bool>,
) {
    let (tcp, session) = stream.get_ref();
    let peer = session
        .peer_certificates()
        .and_then(<[_]>::first)
        .map(Fingerprint::of);
    let socket = second_handle(tcp);
    let (cut, mut cuts) = mpsc::channel(1);
    let service = service_fn(move |request| {
        let (handler, cut) = (Arc::clone(&handler), cut.clone());
        async move {
            match handler.handle(peer, request).await {
                Ok(answer) => Ok::<_, Infallible>(answer),
                Err(how) => {
                    // Should there be one already, the connection ends by that.
                    let _ = cut.try_send(how);
                    std::future::pending().await
                }
            }
        }
    });
    let builder = http_builder();
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut is_stopping = false;
    let ended = loop {
        tokio::select! {
            ended = connection.as_mut() => break ended,
            Some(how) = cuts.recv() => {
                debug!(?how, "a connection is cut");
                if how == Cut::Reset && let Err(error) = socket.and_then(|it| it.set_zero_linger()) {
                    debug!(%error, "a connection is closed that should be reset");
                }
                return;
            }
            () = stopped(&mut stop), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = ended {
        debug!(error, "a connection ended badly");
    }
}

/// To change a socket's options while hyper owns the stream.
fn second_handle(stream: &TcpStream) -> io::Result<TcpSocket> {
    let handle = stream.as_fd().try_clone_to_owned()?;
    Ok(TcpSocket::from_std_stream(handle.into()))
}

/// Ends when told to stop, and when nobody is left to tell.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|&stop| stop).await;
}

fn http_builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_concurrent_streams(128)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(2 * WINDOW_BYTES);
    builder
}
