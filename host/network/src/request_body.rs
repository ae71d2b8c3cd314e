//! The request's body on its way out, watched.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::BoxError;
use crate::throttle::Pace;

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
    /// Whether the connection took all of it; one that drops the body may have had enough.
    complete: bool,
    failure: Option<BoxError>,
}

/// Whom the exchange waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The body: it was asked for a frame and has none yet.
    Source,
    /// The rate limit: there is something to send, and it is not yet its turn.
    Turn,
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
            complete: phase == Phase::Sent,
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

    /// Whether the connection took all of the body.
    pub(crate) fn is_complete(&self) -> bool {
        self.with(|state| state.complete)
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

    fn complete(&self) {
        self.with(|state| state.complete = true);
        self.enter(Phase::Sent);
    }

    fn fail(&self, error: BoxError) {
        self.with(|state| state.failure = Some(error));
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // No code that holds the lock can panic, and the state is valid at every step.
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A body that reports to a [`Progress`] and keeps to the rate limit.
#[derive(Debug)]
pub(crate) struct WatchedBody {
    body: RequestBody,
    /// `None` where there is no limit.
    pace: Option<Pace>,
    /// What the body gave and the limit did not yet let through.
    rest: Bytes,
    progress: Arc<Progress>,
    /// Counts what left of any body of the network.
    moves: Arc<AtomicU64>,
}

impl WatchedBody {
    pub(crate) fn new(
        body: RequestBody,
        pace: Option<Pace>,
        moves: Arc<AtomicU64>,
    ) -> (Self, Arc<Progress>) {
        let phase = if body.is_end_stream() {
            Phase::Sent
        } else {
            Phase::Sending
        };
        let progress = Arc::new(Progress::new(phase));
        (
            Self {
                body,
                pace,
                rest: Bytes::new(),
                progress: Arc::clone(&progress),
                moves,
            },
            progress,
        )
    }
}

impl WatchedBody {
    fn wait(&self, phase: Phase) {
        if self.progress.phase().0 != phase {
            self.progress.enter(phase);
        }
    }

    fn pass(&self, frame: Frame<Bytes>) -> Poll<Option<Result<Frame<Bytes>, BodyFailed>>> {
        self.moves.fetch_add(1, Ordering::Relaxed);
        if self.is_end_stream() {
            self.progress.complete();
        } else {
            self.progress.enter(Phase::Sending);
        }
        Poll::Ready(Some(Ok(frame)))
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
        if this.rest.is_empty() {
            let polled = Pin::new(&mut this.body).poll_frame(cx);
            if polled.is_pending() {
                this.wait(Phase::Source);
            }
            match ready!(polled) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if this.pace.is_some() && !data.is_empty() => this.rest = data,
                    Ok(data) => return this.pass(Frame::data(data)),
                    Err(trailers) => return this.pass(trailers),
                },
                Some(Err(error)) => {
                    this.progress.fail(error);
                    return Poll::Ready(Some(Err(BodyFailed)));
                }
                None => {
                    this.progress.complete();
                    return Poll::Ready(None);
                }
            }
        }
        let share = match &mut this.pace {
            Some(pace) => pace.poll_share(this.rest.len(), cx),
            None => Poll::Ready(this.rest.len()),
        };
        if share.is_pending() {
            this.wait(Phase::Turn);
        }
        let slice = this.rest.split_to(ready!(share));
        this.pass(Frame::data(slice))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

/// Stands in for the body's own error, which [`Progress`] keeps, on the way through hyper.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the request body failed")]
pub(crate) struct BodyFailed;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::poll_fn;

    use http_body_util::{BodyExt as _, Full};
    use sealift_config::Timetable;

    use super::*;
    use crate::throttle::{Rates, Throttle};

    #[tokio::test(start_paused = true)]
    async fn a_limited_body_is_the_same_bytes_and_waits_for_its_turn() {
        let data: Bytes = (0..=255).cycle().take(100_000).collect();
        let rates = Rates {
            limit: "10KiB".parse().unwrap(),
            timetable: Timetable::default(),
        };
        let body = Full::new(data.clone()).map_err(|never| match never {});
        let pace = Throttle::new(rates).unwrap().begin(0);
        let (mut body, progress) =
            WatchedBody::new(body.boxed_unsync(), Some(pace), Arc::default());

        let mut sent = Vec::new();
        let mut waited = false;
        while !body.is_end_stream() {
            assert!(!progress.is_complete());
            let left = (data.len() - sent.len()) as u64;
            assert_eq!(body.size_hint().exact(), Some(left));
            let frame = poll_fn(|cx| {
                let polled = Pin::new(&mut body).poll_frame(cx);
                if polled.is_pending() {
                    assert_eq!(progress.phase().0, Phase::Turn);
                    waited = true;
                }
                polled
            });
            sent.extend(frame.await.unwrap().unwrap().into_data().unwrap());
        }
        assert!(progress.is_complete());
        assert!(waited && sent == data);
    }
}
