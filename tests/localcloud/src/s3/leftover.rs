//! Bodies that nobody read to their end.
//!
//! A server that answers and closes while the client still sends makes the
//! client's system throw the answer away (RFC 9112, section 9.6). So what is
//! left of a refused upload is read and dropped, within limits.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::timeout;

const MAX_BYTES: usize = 64 * 1024 * 1024;
const MAX_TIME: Duration = Duration::from_secs(5);

/// A request body that can be read by someone else in the end.
#[derive(Debug, Clone)]
pub(super) struct SharedBody(Arc<Mutex<Incoming>>);

impl SharedBody {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Reads and drops what is left.
    pub(super) async fn discard(self) {
        // Too much, too slow or broken off: then the connection just ends.
        let _ = timeout(MAX_TIME, async {
            let mut bytes = 0;
            while bytes < MAX_BYTES
                && let Some(Ok(frame)) = std::future::poll_fn(|cx| self.poll(cx)).await
            {
                bytes += frame.data_ref().map_or(0, Bytes::len);
            }
        })
        .await;
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut *self.lock()).poll_frame(cx)
    }

    /// Only ever contended by nobody: the second reader comes after the first.
    fn lock(&self) -> MutexGuard<'_, Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for SharedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.poll(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}
