//! `transfer`: bytes become objects.

mod flight;
mod job;
mod unfinished;

use sealift_core::upload::{Action, Event, Outcome, Step, Upload};
use sealift_wasi::clock;

use crate::bindings::exports::sealift::gateway::transfer::{self, Guest, Place, Unfinished};
use crate::bindings::payload::{ByteRange, Payload};
use crate::bindings::progress::{self, Directive, Retry};
use crate::bindings::types::{self, Provider};
use crate::bindings::{hints, jobs, journal, vault};
use crate::{Component, convert};
use flight::Flights;

impl Guest for Component {
    fn upload(job: jobs::Job) -> Result<transfer::Outcome, types::Error> {
        let outcome = Transfer::new(&job)?.run()?;
        Ok(convert::outcome(outcome))
    }

    fn list_unfinished(place: Place) -> Result<Vec<Unfinished>, types::Error> {
        Ok(unfinished::list(place)?)
    }

    fn abort(place: Place, upload: Unfinished) -> Result<(), types::Error> {
        Ok(unfinished::abort(place, &upload)?)
    }
}

/// One job: the core's state machine, and what it needs to be done.
struct Transfer {
    upload: Upload,
    payload: Payload,
    provider: Provider,
    region_hint: String,
    flights: Flights,
}

impl Transfer {
    fn new(job: &jobs::Job) -> Result<Self, sealift_core::Error> {
        let payload = job.payload();
        let (upload, region_hint) = job::begin(job, &payload)?;
        Ok(Self {
            upload,
            payload,
            provider: job.credentials_provider(),
            region_hint,
            flights: Flights::default(),
        })
    }

    fn run(mut self) -> Result<Outcome, sealift_core::Error> {
        loop {
            let event = match self.upload.next(clock::now()) {
                Action::Done(result) => return result,
                action => self.carry_out(action),
            };
            if let Some(event) = event {
                self.upload.handle(event, clock::now(), clock::random());
            }
        }
    }

    /// Does one thing, and says what came of it where that is known at once.
    fn carry_out(&mut self, action: Action) -> Option<Event> {
        Some(match action {
            Action::Load => Event::Journal(journal::load().map_err(Into::into)),
            Action::Append(entry) => Event::Written(journal::append(&entry).map_err(Into::into)),
            Action::Reset => Event::Written(journal::reset().map_err(Into::into)),
            Action::Credentials { rejected } => {
                let answer = vault::credentials(&self.provider, rejected.as_deref());
                let answer = answer.map_err(sealift_core::Error::from);
                Event::Credentials(answer.and_then(convert::credentials))
            }
            Action::Digest { algorithm, range } => {
                let algorithm = convert::algorithm(algorithm);
                let answer = self.payload.checksum(algorithm, byte_range(&range));
                let answer = answer.map_err(sealift_core::Error::from);
                Event::Digest(answer.and_then(convert::digest))
            }
            Action::Acquire { length } => {
                let piece = self.payload.acquire(length).map_err(Into::into);
                let span = |range: ByteRange| range.offset..range.offset + range.length;
                Event::Acquired(piece.map(|piece| piece.map(span)))
            }
            Action::Report(step) => report(step),
            Action::Send { id, request, body } => {
                let departed = self.flights.depart(id, &request, body, &self.payload);
                Event::Failed {
                    id,
                    error: departed.err()?,
                }
            }
            Action::Wait { until } => self.flights.wait(until),
            Action::Release(range) => {
                self.payload.release(byte_range(&range));
                return None;
            }
            Action::Remember(region) => {
                // Only a shortcut for the next job.
                let _ = hints::put(&self.region_hint, region.as_str(), REGION_HINT_SECONDS);
                return None;
            }
            Action::Cut => {
                self.flights.cut();
                return None;
            }
            Action::Done(_) => return None,
        })
    }
}

/// How long a bucket's region is remembered: buckets do not move, but can be deleted and made anew.
const REGION_HINT_SECONDS: u64 = 7 * 24 * 3600;

fn report(step: Step) -> Event {
    let step = match step {
        Step::Attempt(number) => progress::Step::Attempt(number),
        Step::Retrying { reason, delay } => progress::Step::Retrying(Retry {
            reason,
            delay: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
        }),
    };
    match progress::report(&step) {
        Directive::GoOn => Event::GoOn,
        Directive::Stop => Event::Stop,
    }
}

fn byte_range(range: &std::ops::Range<u64>) -> ByteRange {
    ByteRange {
        offset: range.start,
        length: range.end - range.start,
    }
}
