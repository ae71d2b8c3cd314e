//! The socket's own view of a connection: when bytes last went out.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// A stream that records when bytes last went out. It sits below the origin's TLS, where bytes that go out
/// have left this process's buffers (or, with a proxy that is reached over TLS, all but the last).
#[derive(Debug)]
pub(super) struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
}

/// When bytes last went out of a [`Metered`] stream.
#[derive(Debug)]
pub(super) struct Meter {
    opened: Instant,
    /// Milliseconds from `opened` to the last bytes that the stream took.
    sent: AtomicU64,
}

impl Meter {
    pub(super) fn last_sent(&self) -> Instant {
        self.opened + Duration::from_millis(self.sent.load(Ordering::Relaxed))
    }

    fn touch(&self) {
        let sent = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.sent.store(sent, Ordering::Relaxed);
    }
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S) -> Self {
        let meter = Meter {
            opened: Instant::now(),
            sent: AtomicU64::new(0),
        };
        Self {
            stream,
            meter: Arc::new(meter),
        }
    }

    pub(super) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    fn metered(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(result, Poll::Ready(Ok(1..))) {
            self.meter.touch();
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.metered(result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.metered(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
