//! The request's body on its way out, watched.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::BoxError;

/// A request's body.
pub type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// What is known of a request's body while it is sent.
#[derive(Debug)]
pub(crate) struct Progress {
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When the phase began, or a frame was last taken in it.
    since: Instant,
    failure: Option<BoxError>,
}

/// Whom the exchange waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The body: it was asked for a frame and has none yet.
    Source,
    /// The connection: it has not asked for the next frame yet.
    Sending,
    /// The server: the body is complete.
    Sent,
}

impl Progress {
    fn new(phase: Phase) -> Self {
        let state = State {
            phase,
            since: Instant::now(),
            failure: None,
        };
        Self {
            state: Mutex::new(state),
            ended: Notify::new(),
        }
    }

    /// The phase, and since when nothing happened in it.
    pub(crate) fn phase(&self) -> (Phase, Instant) {
        self.with(|state| (state.phase, state.since))
    }

    /// Waits until the body is complete.
    pub(crate) async fn ended(&self) {
        self.ended.notified().await;
    }

    /// The error by which the body failed.
    pub(crate) fn take_failure(&self) -> Option<BoxError> {
        self.with(|state| state.failure.take())
    }

    fn enter(&self, phase: Phase) {
        self.with(|state| {
            state.phase = phase;
            state.since = Instant::now();
        });
        if phase == Phase::Sent {
            self.ended.notify_one();
        }
    }

    fn fail(&self, error: BoxError) {
        self.with(|state| state.failure = Some(error));
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // No code that holds the lock can panic, and the state is valid at every step.
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A body that reports to a [`Progress`].
#[derive(Debug)]
pub(crate) struct WatchedBody {
    body: RequestBody,
    progress: Arc<Progress>,
}

impl WatchedBody {
    pub(crate) fn new(body: RequestBody) -> (Self, Arc<Progress>) {
        let phase = if body.is_end_stream() {
            Phase::Sent
        } else {
            Phase::Sending
        };
        let progress = Arc::new(Progress::new(phase));
        (
            Self {
                body,
                progress: Arc::clone(&progress),
            },
            progress,
        )
    }
}

impl Drop for WatchedBody {
    /// hyper drops a body as soon as it has given as much as was announced, without waiting for its end.
    fn drop(&mut self) {
        if self.progress.phase().0 != Phase::Sent {
            self.progress.enter(Phase::Sent);
        }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = BodyFailed;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFailed>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if polled.is_pending() && this.progress.phase().0 != Phase::Source {
            this.progress.enter(Phase::Source);
        }
        Poll::Ready(match ready!(polled) {
            Some(Ok(frame)) => {
                let phase = if this.body.is_end_stream() {
                    Phase::Sent
                } else {
                    Phase::Sending
                };
                this.progress.enter(phase);
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                this.progress.fail(error);
                Some(Err(BodyFailed))
            }
            None => {
                this.progress.enter(Phase::Sent);
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Stands in for the body's own error, which [`Progress`] keeps, on the way through hyper.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the request body failed")]
pub(crate) struct BodyFailed;
