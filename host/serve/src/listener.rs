//! Takes connections and bounds what each may cost.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Request;
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::accounts::Allowed;
use crate::desk::{Desk, Way};

/// Connections of one listener at once. Those that come then wait in the kernel's queue until one has ended,
/// which none of them can put off for long.
const MOST_CONNECTIONS: usize = 64;

/// Connections at once of users who may not use the UNIX socket, of whom each is told so. Those that come
/// then are cut.
const MOST_STRANGERS: usize = 4;

/// How long a request's head may take, from the connection on.
const LONGEST_HEAD: Duration = Duration::from_secs(5);

/// How long a connection may last: somebody waits for credentials (25 s) and reads them.
const LONGEST_CONNECTION: Duration = Duration::from_secs(40);

/// Fields of a request's head.
const MOST_FIELDS: usize = 64;

/// The longest head of a request, in bytes.
const LONGEST_REQUEST: usize = 16 * 1024;

/// How long requests that are under way may take when the service stops.
const GRACE: Duration = Duration::from_secs(3);

/// Before connections are taken again after that failed, for want of file descriptors perhaps.
const PAUSE: Duration = Duration::from_millis(100);

/// An address that is listened on, and what there is.
pub(crate) struct Listener {
    socket: Socket,
    desk: Arc<Desk>,
    permits: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

pub(crate) enum Socket {
    Tcp(TcpListener, Way),
    Unix(UnixListener, Allowed),
}

/// Somebody at the other end, and the right to be served.
struct Visitor {
    stream: Box<dyn Stream>,
    way: Way,
    _permit: OwnedSemaphorePermit,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Listener {
    pub(crate) fn new(socket: Socket, desk: Arc<Desk>) -> Self {
        Self {
            socket,
            desk,
            permits: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
            strangers: Arc::new(Semaphore::new(MOST_STRANGERS)),
        }
    }

    /// Serves whoever comes until `stop` says so, and then for a few seconds those who are there.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        let mut failing = false;
        loop {
            while let Some(ended) = connections.try_join_next() {
                heed(ended);
            }
            let visitor = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                visitor = self.accept() => visitor,
            };
            match visitor {
                Ok(visitor) => {
                    failing = false;
                    if let Some(visitor) = visitor {
                        let desk = Arc::clone(&self.desk);
                        connections.spawn(serve(visitor, desk, stop.clone()));
                    }
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "cannot take connections of local programs");
                    }
                    failing = true;
                    sleep(PAUSE).await;
                }
            }
        }
        drop(self.socket);
        let ended = timeout(GRACE, async {
            while let Some(ended) = connections.join_next().await {
                heed(ended);
            }
        });
        if ended.await.is_err() {
            tracing::info!(
                left = connections.len(),
                "requests of local programs are cut off"
            );
        }
    }

    /// The next visitor; none if it was sent away.
    async fn accept(&self) -> io::Result<Option<Visitor>> {
        // Never closed, so waiting for a permit does not fail.
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(io::Error::other)?;
        match &self.socket {
            Socket::Tcp(listener, way) => {
                let (stream, peer) = listener.accept().await?;
                if !is_this_machine(peer) {
                    tracing::warn!(%peer, "a connection from another machine is cut");
                    return Ok(None);
                }
                Ok(Some(Visitor {
                    stream: Box::new(stream),
                    way: *way,
                    _permit: permit,
                }))
            }
            Socket::Unix(listener, allowed) => {
                let (stream, _) = listener.accept().await?;
                let peer = stream.peer_cred()?;
                let uid = peer.uid();
                let (way, permit) = if allowed.permits(&peer) {
                    (Way::Socket { uid }, permit)
                } else {
                    let strangers = Arc::clone(&self.strangers).try_acquire_owned();
                    let Ok(permit) = strangers else {
                        return Ok(None);
                    };
                    (Way::Stranger { uid }, permit)
                };
                Ok(Some(Visitor {
                    stream: Box::new(stream),
                    way,
                    _permit: permit,
                }))
            }
        }
    }
}

/// Ready when the service stops.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could say so being gone means the same.
    drop(stop.wait_for(|stop| *stop).await);
}

/// A panic in a task is one of its owner.
pub(crate) fn heed(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

/// Nobody else can come to a loopback address, unless the kernel was told to route them there.
fn is_this_machine(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

/// One connection, one request: a connection that could be kept would be one to be watched.
async fn serve(visitor: Visitor, desk: Arc<Desk>, mut stop: watch::Receiver<bool>) {
    let way = visitor.way;
    let begun = AtomicBool::new(false);
    let service = service_fn(|request: Request<Incoming>| {
        begun.store(true, Ordering::Relaxed);
        let desk = Arc::clone(&desk);
        async move {
            let (parts, body) = request.into_parts();
            let has_body = !body.is_end_stream();
            Ok::<_, Infallible>(desk.answer(way, &parts, has_body).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .header_read_timeout(LONGEST_HEAD)
        .max_headers(MOST_FIELDS)
        .max_buf_size(LONGEST_REQUEST)
        .serve_connection(TokioIo::new(visitor.stream), service);
    let mut served = Box::pin(timeout(LONGEST_CONNECTION, connection));
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = stopped(&mut stop) => {
            if !begun.load(Ordering::Relaxed) {
                return;
            }
            served.await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection of a local program broke off"),
        Err(_) => tracing::debug!("a connection of a local program took too long"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::is_this_machine;

    #[test]
    fn only_peers_with_loopback_addresses_are_on_this_machine() {
        for (peer, expected) in [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("192.168.0.7:1", false),
            ("[::ffff:192.168.0.7]:1", false),
            ("[fe80::1]:1", false),
            ("0.0.0.0:1", false),
        ] {
            assert_eq!(is_this_machine(peer.parse().unwrap()), expected, "{peer}");
        }
    }
}
