//! The response's body on its way in, bounded in size and in silence.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::clients::Lease;
use crate::connector::LinkProbe;
use crate::error::{NetworkError, Stalled};
use crate::exchange;

/// A response's body. It ends with an error when it grows over its limit or stays silent for too long; to
/// drop it early closes its connection.
#[derive(Debug)]
pub struct ResponseBody {
    /// `None` once it ended, in whichever way.
    active: Option<Active>,
    received: u64,
    limit: u64,
}

#[derive(Debug)]
struct Active {
    incoming: Incoming,
    silence: Silence,
    probe: Option<LinkProbe>,
    lease: Lease,
}

impl ResponseBody {
    /// Wraps a body that may have at most `limit` bytes and be silent for at most `idle`.
    pub(crate) fn new(
        incoming: Incoming,
        lease: Lease,
        probe: Option<LinkProbe>,
        limit: u64,
        idle: Duration,
    ) -> Result<Self, NetworkError> {
        // The answer to a HEAD tells the length of a body that it does not have.
        if !incoming.is_end_stream() && incoming.size_hint().lower() > limit {
            return Err(NetworkError::ResponseTooLarge {
                origin: lease.origin().clone(),
                limit,
            });
        }
        let active = Active {
            incoming,
            silence: Silence::new(idle),
            probe,
            lease,
        };
        let active = (!active.incoming.is_end_stream()).then_some(active);
        Ok(Self {
            active,
            received: 0,
            limit,
        })
    }

    /// How many bytes have come.
    pub fn received(&self) -> u64 {
        self.received
    }

    fn count(&mut self, frame: &Frame<Bytes>) -> bool {
        self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
        self.received <= self.limit
    }
}

impl Active {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, NetworkError>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.silence.broken();
                Poll::Ready(frame.map(|frame| {
                    frame.map_err(|error| {
                        exchange::classify(error.into(), self.lease.origin(), self.probe.as_ref())
                    })
                }))
            }
            Poll::Pending => {
                let sent = self.probe.as_ref().and_then(LinkProbe::last_sent);
                let limit = ready!(self.silence.poll_too_long(sent, cx));
                let origin = self.lease.origin().clone();
                Poll::Ready(Some(Err(NetworkError::IdleTimeout {
                    origin,
                    limit,
                    stalled: Stalled::Receiving,
                })))
            }
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = NetworkError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NetworkError>>> {
        let this = self.get_mut();
        let Some(active) = &mut this.active else {
            return Poll::Ready(None);
        };
        Poll::Ready(match ready!(active.poll(cx)) {
            Some(Ok(frame)) if this.count(&frame) => Some(Ok(frame)),
            Some(Ok(_)) => {
                let limit = this.limit;
                this.active.take().map(|active| {
                    Err(NetworkError::ResponseTooLarge {
                        origin: active.lease.origin().clone(),
                        limit,
                    })
                })
            }
            Some(Err(error)) => {
                if let Some(active) = this.active.take() {
                    active.lease.settle(&error);
                }
                Some(Err(error))
            }
            None => {
                this.active = None;
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.active
            .as_ref()
            .is_none_or(|active| active.incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.active.as_ref().map_or_else(
            || SizeHint::with_exact(0),
            |active| active.incoming.size_hint(),
        )
    }
}

/// A timer that runs only while something is waited for: a reader that takes its time is not the peer's fault.
#[derive(Debug)]
struct Silence {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    running: bool,
}

impl Silence {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            timer: None,
            running: false,
        }
    }

    fn broken(&mut self) {
        self.running = false;
    }

    /// Ready with the limit once nothing came for as long, and nothing was sent either: a response may begin
    /// before its request is complete.
    fn poll_too_long(&mut self, sent: Option<Instant>, cx: &mut Context<'_>) -> Poll<Duration> {
        if !self.running {
            self.restart(Instant::now());
        }
        loop {
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(cx));
            }
            match sent {
                Some(sent) if sent + self.limit > Instant::now() => self.restart(sent),
                _ => return Poll::Ready(self.limit),
            }
        }
    }

    fn restart(&mut self, from: Instant) {
        let deadline = from + self.limit;
        self.running = true;
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(deadline),
            None => self.timer = Some(Box::pin(sleep_until(deadline))),
        }
    }
}
