//! One request and the head of its response, under watch.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::{Extensions, Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use sealift_config::Origin;
use tokio::time::{Instant, sleep_until};

use crate::clients::Lease;
use crate::connector::{ConnectError, LinkProbe, TlsFailure, rustls_error};
use crate::error::{BoxError, NetworkError, Stalled};
use crate::request_body::{Phase, Progress, RequestBody, WatchedBody};
use crate::settings::{RequestLimits, Timeouts};
use crate::throttle::Pace;

/// The server answered before it had the whole request: an extension of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnsweredEarly;

/// A response of which the head is there.
pub(crate) struct Answer {
    pub(crate) response: Response<Incoming>,
    pub(crate) probe: Option<LinkProbe>,
    pub(crate) early: Option<AnsweredEarly>,
}

/// Sends the request and waits for the head of the response.
pub(crate) async fn exchange(
    request: Request<RequestBody>,
    pace: Option<Pace>,
    moves: Arc<AtomicU64>,
    lease: &Lease,
    limits: RequestLimits,
    timeouts: &Timeouts,
) -> Result<Answer, NetworkError> {
    let (head, body) = request.into_parts();
    let (body, progress) = WatchedBody::new(body, pace, moves);
    let mut request = Request::from_parts(head, body);
    let connection = capture_connection(&mut request);
    let watch = Watch {
        progress: &progress,
        connection: connection.clone(),
        limits,
        timeouts,
    };
    let answer = tokio::select! {
        biased;
        answer = lease.http().request(request) => answer,
        cut = watch.until_stalled() => return Err(cut.error(lease.origin())),
    };
    let probe = probe(&connection);
    match answer {
        Ok(response) => Ok(Answer {
            response,
            probe,
            early: (!progress.is_complete()).then_some(AnsweredEarly),
        }),
        Err(error) => Err(match progress.take_failure() {
            Some(source) => NetworkError::Body {
                origin: lease.origin().clone(),
                source,
            },
            None => classify(error.into(), lease.origin(), probe.as_ref()),
        }),
    }
}

/// Says when an exchange stands still.
struct Watch<'a> {
    progress: &'a Progress,
    connection: CaptureConnection,
    limits: RequestLimits,
    timeouts: &'a Timeouts,
}

/// What stands still, and for how long.
struct Cut {
    phase: Phase,
    limit: Duration,
}

impl Watch<'_> {
    /// The clock starts when the request has a connection; to make one has time limits of its own.
    async fn until_stalled(mut self) -> Cut {
        drop(self.connection.wait_for_connection_metadata().await);
        let begun = Instant::now();
        loop {
            let (phase, since) = self.progress.phase();
            let limit = match phase {
                Phase::Source | Phase::Turn | Phase::Sending => {
                    self.limits.idle_within(self.timeouts)
                }
                Phase::Sent => self.limits.first_byte_within(self.timeouts),
            };
            let sent = probe(&self.connection)
                .and_then(|probe| probe.last_sent())
                .filter(|_| phase != Phase::Source);
            let stalled = match phase {
                // Nobody's fault: to be looked at again, for as long as it takes.
                Phase::Turn => Instant::now(),
                _ => since.max(begun).max(sent.unwrap_or(begun)),
            };
            let deadline = stalled + limit;
            if Instant::now() >= deadline {
                return Cut { phase, limit };
            }
            tokio::select! {
                () = sleep_until(deadline) => {}
                () = self.progress.ended() => {}
            }
        }
    }
}

impl Cut {
    fn error(self, origin: &Origin) -> NetworkError {
        let (origin, limit) = (origin.clone(), self.limit);
        match self.phase {
            Phase::Source => NetworkError::IdleTimeout {
                origin,
                limit,
                stalled: Stalled::Source,
            },
            Phase::Turn | Phase::Sending => NetworkError::IdleTimeout {
                origin,
                limit,
                stalled: Stalled::Sending,
            },
            Phase::Sent => NetworkError::FirstByteTimeout { origin, limit },
        }
    }
}

fn probe(connection: &CaptureConnection) -> Option<LinkProbe> {
    let mut extras = Extensions::new();
    connection
        .connection_metadata()
        .as_ref()?
        .get_extras(&mut extras);
    extras.remove()
}

/// Finds out what an error of hyper's means.
pub(crate) fn classify(error: BoxError, origin: &Origin, link: Option<&LinkProbe>) -> NetworkError {
    let origin = origin.clone();
    if let Some(connect) = find::<ConnectError>(&*error) {
        return NetworkError::Connect(connect.clone());
    }
    let io = find::<io::Error>(&*error);
    if let Some(cause) = link
        .and_then(LinkProbe::tls_failure)
        .or_else(|| io.and_then(rustls_error).cloned())
    {
        return NetworkError::Connect(ConnectError::Tls {
            origin,
            source: TlsFailure::of(cause),
        });
    }
    if io.is_some() || ended_by_peer(&*error) {
        NetworkError::Closed {
            origin,
            source: error,
        }
    } else {
        NetworkError::Protocol {
            origin,
            source: error,
        }
    }
}

fn ended_by_peer(error: &(dyn StdError + 'static)) -> bool {
    let http1 = |error: &hyper::Error| {
        error.is_incomplete_message() || error.is_closed() || error.is_canceled()
    };
    find(error).is_some_and(http1) || find(error).is_some_and(h2::Error::is_remote)
}

/// The first error of type `E` in a chain of sources.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        match error.downcast_ref() {
            Some(found) => return Some(found),
            None => next = error.source(),
        }
    }
    None
}
