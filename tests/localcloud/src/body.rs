//! The bodies of requests and answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as Task, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::request::Parts;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::context::Context;
use crate::operation::Operation;

/// The body of an answer.
pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Bytes that are there as the body of an answer.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> AnswerBody {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// The body of a request, whose bytes are counted as they come. It can be read
/// by someone else in the end.
#[derive(Debug, Clone)]
pub(crate) struct RequestBody {
    incoming: Arc<Mutex<Incoming>>,
    /// A client that asked first has not sent anything if nobody told it to.
    asks_first: bool,
    operation: Operation,
    context: Arc<Context>,
}

impl RequestBody {
    pub(crate) fn new(
        incoming: Incoming,
        request: &Parts,
        operation: Operation,
        context: Arc<Context>,
    ) -> Self {
        Self {
            incoming: Arc::new(Mutex::new(incoming)),
            asks_first: request.headers.contains_key(EXPECT),
            operation,
            context,
        }
    }

    /// Reads and drops what is left, within limits: a server that answers and
    /// closes while the client still sends makes the client's system throw the
    /// answer away (RFC 9112, section 9.6).
    pub(crate) async fn discard(&self) {
        const MAX_BYTES: u64 = 64 * 1024 * 1024;
        const MAX_TIME: Duration = Duration::from_secs(5);
        if !self.asks_first {
            // Too much, too slow or broken off: then the connection just ends.
            let _ = timeout(MAX_TIME, self.skip(MAX_BYTES)).await;
        }
    }

    /// Reads and drops at least so many bytes, or all that there are.
    pub(crate) async fn skip(&self, bytes: u64) {
        let mut skipped = 0;
        while skipped < bytes
            && let Some(Ok(frame)) = std::future::poll_fn(|task| self.poll(task)).await
        {
            skipped += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
    }

    fn poll(&self, task: &mut Task<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = ready!(Pin::new(&mut *self.lock()).poll_frame(task));
        if let Some(Ok(frame)) = &polled
            && let Some(data) = frame.data_ref()
        {
            let counters = &self.context.counters;
            counters.body_bytes(self.operation).add(data.len() as u64);
        }
        Poll::Ready(polled)
    }

    /// Only ever contended by nobody: the second reader comes after the first.
    fn lock(&self) -> MutexGuard<'_, Incoming> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.poll(task)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}
