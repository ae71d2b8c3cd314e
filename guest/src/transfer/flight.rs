//! Requests that have left and are not answered yet.

use std::time::Duration;

use sealift_core::upload::{Body, Event, Framing, RequestId};
use sealift_core::{Error, ErrorKind};
use sealift_wasi::http::{self, Unanswered};
use wasi::clocks::monotonic_clock;
use wasi::http::types::FutureIncomingResponse;
use wasi::io::poll::{Pollable, poll};

use crate::bindings::payload::{self, Payload, Sending};
use crate::convert;

/// The requests under way, in the order in which they left.
#[derive(Default)]
pub(super) struct Flights(Vec<Flight>);

struct Flight {
    id: RequestId,
    to: String,
    pending: FutureIncomingResponse,
    carried: Option<Carried>,
}

/// Bytes of the payload in a request.
struct Carried {
    sending: Sending,
    length: u64,
}

impl Flights {
    /// Sends a request.
    pub(super) fn depart(
        &mut self,
        id: RequestId,
        request: &::http::Request<()>,
        body: Body,
        payload: &Payload,
    ) -> Result<(), Error> {
        let outgoing = http::outgoing(request)?;
        let to = request
            .uri()
            .authority()
            .map_or("the store", |authority| authority.as_str())
            .to_owned();
        let (pending, carried) = match body {
            Body::Empty => (http::begin(outgoing, None, &to)?, None),
            Body::Bytes(bytes) => (http::begin_with(outgoing, &bytes, None, &to)?, None),
            Body::Payload { range, framing } => {
                let length = range.end - range.start;
                let framing = match framing {
                    Framing::Raw => payload::Framing::Raw(None),
                    Framing::AwsChunked(algorithm) => {
                        payload::Framing::AwsChunked(convert::algorithm(algorithm))
                    }
                };
                let sending = payload.attach(&outgoing, super::byte_range(&range), framing)?;
                let pending = http::begin(outgoing, None, &to)?;
                (pending, Some(Carried { sending, length }))
            }
        };
        self.0.push(Flight {
            id,
            to,
            pending,
            carried,
        });
        Ok(())
    }

    /// Waits for the next answer, at most until then by the monotonic clock.
    pub(super) fn wait(&mut self, until: Option<Duration>) -> Event {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let timer = until.map(|until| monotonic_clock::subscribe_instant(nanoseconds(until)));
        let answers: Vec<Pollable> = self
            .0
            .iter()
            .map(|flight| flight.pending.subscribe())
            .collect();
        let waited_for: Vec<&Pollable> = answers.iter().chain(&timer).collect();
        // An empty list would trap: there is nothing to wait for, so the time has come.
        if waited_for.is_empty() {
            return Event::Time;
        }
        let ready = poll(&waited_for);
        let landed = ready
            .iter()
            .filter_map(|&index| usize::try_from(index).ok())
            .find(|&index| index < self.0.len());
        drop(answers);
        match landed {
            Some(index) => self.0.remove(index).land(),
            None => Event::Time,
        }
    }

    /// Cuts all of them.
    pub(super) fn cut(&mut self) {
        self.0.clear();
    }
}

impl Flight {
    fn land(self) -> Event {
        let id = self.id;
        match self.answer() {
            Ok(answer) => answer,
            Err(Unanswered::NotSent { .. }) => Event::NotSent { id },
            Err(Unanswered::Failed(error)) => Event::Failed { id, error },
        }
    }

    fn answer(self) -> Result<Event, Unanswered> {
        let response = http::answer(&self.pending, &self.to)?;
        let mut sent_checksum = None;
        if let Some(Carried { sending, length }) = self.carried {
            if response.status().is_success() && sending.sent() < length {
                let message = format!("{} answered before it had all bytes", self.to);
                return Err(Error::new(ErrorKind::Integrity, message).into());
            }
            sent_checksum = sending.checksum().map(convert::digest).transpose()?;
        }
        Ok(Event::Answer {
            id: self.id,
            response,
            sent_checksum: sent_checksum.map(|digest| digest.to_base64()),
        })
    }
}
