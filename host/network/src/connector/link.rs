//! One connection as HTTP uses it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::metered::{Meter, Metered};
use super::tls::rustls_error;
use super::transport::Transport;

/// The TCP connection to the origin or the proxy, or the TLS connection to the proxy.
pub(super) type Socket = Transport<TcpStream>;

/// A connection to an origin, or to the proxy that reads the requests for a plain one.
#[derive(Debug)]
pub(crate) struct Link {
    transport: Transport<Metered<Socket>>,
    meter: Arc<Meter>,
    tls_failure: Arc<OnceLock<rustls::Error>>,
    to_proxy: bool,
    /// A failed write that is not told yet: see [`Link::after_write`].
    hung_up: Option<io::Error>,
    /// Whether nothing more will be read.
    read_ended: bool,
    /// What it takes up of the connections that there may be.
    _place: Option<OwnedSemaphorePermit>,
}

impl Link {
    /// A connection without TLS; `to_proxy` if a proxy reads the requests.
    pub(super) fn plain(socket: Metered<Socket>, to_proxy: bool) -> Self {
        Self {
            meter: socket.meter(),
            transport: Transport::Plain(socket),
            tls_failure: Arc::default(),
            to_proxy,
            hung_up: None,
            read_ended: false,
            _place: None,
        }
    }

    /// A connection with TLS, to the origin itself.
    pub(super) fn tls(stream: TlsStream<Metered<Socket>>) -> Self {
        Self {
            meter: stream.get_ref().0.meter(),
            transport: Transport::Tls(Box::new(stream)),
            tls_failure: Arc::default(),
            to_proxy: false,
            hung_up: None,
            read_ended: false,
            _place: None,
        }
    }

    /// The connection with its place, which is free again when it ends.
    pub(super) fn in_place(self, place: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            _place: place,
            ..self
        }
    }

    fn negotiated_h2(&self) -> bool {
        match &self.transport {
            Transport::Plain(_) => false,
            Transport::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    fn note(&self, error: &io::Error) {
        if let Some(cause) = rustls_error(error) {
            // The first failure is the cause of later ones.
            let _ = self.tls_failure.set(cause.clone());
        }
    }

    /// Whether the peer hung up on an earlier write: what every later one comes to. `whole` is what one
    /// answers that wrote everything.
    fn before_write<T>(&mut self, whole: T) -> Option<Poll<io::Result<T>>> {
        match self.hung_up.take() {
            Some(error) if self.read_ended => Some(Poll::Ready(Err(error))),
            Some(error) => {
                self.hung_up = Some(error);
                Some(self.unheard(whole))
            }
            None => None,
        }
    }

    /// What a write comes to while the reading goes on. HTTP/1.1 reads and writes independently, so that
    /// writing can wait. HTTP/2 answers some of what it reads before it reads on, and would wait for
    /// ever: its words go nowhere instead, no more of them than the peer's window lets out.
    fn unheard<T>(&self, whole: T) -> Poll<io::Result<T>> {
        if self.negotiated_h2() {
            Poll::Ready(Ok(whole))
        } else {
            Poll::Pending
        }
    }

    /// Keeps the news that the peer hung up until everything that it said before has been read.
    ///
    /// A server that refuses a request, or the client certificate, answers or sends an alert and closes
    /// without reading on. A writer would then find a bare reset, while the reason waits in the receive
    /// buffer. HTTP always reads as well, and what it reads ends soon, since the connection is no more.
    fn after_write<T>(&mut self, result: Poll<io::Result<T>>, whole: T) -> Poll<io::Result<T>> {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        let Poll::Ready(Err(error)) = result else {
            return result;
        };
        self.note(&error);
        let reset = matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset
        );
        if reset && !self.read_ended {
            self.hung_up = Some(error);
            self.unheard(whole)
        } else {
            Poll::Ready(Err(error))
        }
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        let h2 = self.negotiated_h2();
        let connected = Connected::new().proxy(self.to_proxy).extra(LinkProbe {
            meter: (!h2).then(|| Arc::clone(&self.meter)),
            tls_failure: Arc::clone(&self.tls_failure),
        });
        if h2 {
            connected.negotiated_h2()
        } else {
            connected
        }
    }
}

/// A view of a connection for the request that uses it.
#[derive(Clone, Debug)]
pub(crate) struct LinkProbe {
    /// `None` with HTTP/2, where other requests' bytes go out as well.
    meter: Option<Arc<Meter>>,
    tls_failure: Arc<OnceLock<rustls::Error>>,
}

impl LinkProbe {
    /// When bytes last went out for the request, if that is known.
    pub(crate) fn last_sent(&self) -> Option<Instant> {
        self.meter.as_ref().map(|meter| meter.last_sent())
    }

    /// How TLS failed. With TLS 1.3 a server refuses a client certificate only after the client's side of
    /// the handshake is over, so that the refusal surfaces in the middle of a request.
    pub(crate) fn tls_failure(&self) -> Option<rustls::Error> {
        self.tls_failure.get().cloned()
    }
}

impl AsyncRead for Link {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut this.transport).poll_read(cx, buf));
        this.read_ended = result.is_err() || (buf.filled().len() == before && buf.remaining() > 0);
        Poll::Ready(result.inspect_err(|error| this.note(error)))
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(hung_up) = this.before_write(buf.len()) {
            return hung_up;
        }
        let result = Pin::new(&mut this.transport).poll_write(cx, buf);
        this.after_write(result, buf.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let whole = bufs.iter().map(|buf| buf.len()).sum();
        if let Some(hung_up) = this.before_write(whole) {
            return hung_up;
        }
        let result = Pin::new(&mut this.transport).poll_write_vectored(cx, bufs);
        this.after_write(result, whole)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(hung_up) = this.before_write(()) {
            return hung_up;
        }
        let result = Pin::new(&mut this.transport).poll_flush(cx);
        this.after_write(result, ())
    }

    /// Says farewell if that is possible at once. It is not where a request was cut because the peer reads
    /// no more; to wait would keep a connection that nothing bounds any longer.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.get_mut().transport).poll_shutdown(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => Poll::Ready(Ok(())),
        }
    }
}
