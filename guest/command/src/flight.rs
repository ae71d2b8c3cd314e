//! Requests that have left and are not answered yet.

use std::time::Duration;

use http::header::CONTENT_LENGTH;
use sealift_core::upload::{Body, Event, RequestId};
use sealift_core::{Error, ErrorKind};
use sealift_wasi::clock;
use sealift_wasi::http::{self as wire, Unanswered};
use wasi::clocks::monotonic_clock;
use wasi::http::types::{FutureIncomingResponse, RequestOptions};
use wasi::io::poll::{Pollable, poll};

use crate::body::{Progress, Writing, encoded_length};
use crate::file::Source;

/// How long a connection may take, in nanoseconds.
const CONNECT: u64 = 10_000_000_000;

/// How long an answer may take to begin or to go on, in nanoseconds.
const ANSWER: u64 = 60_000_000_000;

/// How long a request with bytes of the file may stand still. Runtimes hold some megabytes of it, which take a while on a
/// slow link.
const STANDSTILL: Duration = Duration::from_mins(10);

/// The requests under way, in the order in which they left.
#[derive(Default)]
pub(crate) struct Flights(Vec<Flight>);

struct Flight {
    id: RequestId,
    to: String,
    body: Carried,
    pending: FutureIncomingResponse,
    /// When it is given up, unless something moves before: by the monotonic clock, where this program watches it.
    patience: Option<Duration>,
}

/// Bytes of the file in a request.
enum Carried {
    Nothing,
    Writing(Box<Writing>),
    /// All of them, and the checksum behind them in base64.
    Whole(Option<String>),
    /// Not all of them, since nobody took the rest.
    Partly,
}

impl Flights {
    /// Sends a request.
    pub(crate) fn depart(
        &mut self,
        id: RequestId,
        request: &http::Request<()>,
        body: Body,
    ) -> Result<(), Error> {
        let to = request
            .uri()
            .authority()
            .map_or("the store", |it| it.as_str());
        let (pending, body) = match body {
            Body::Empty => (
                wire::begin(wire::outgoing(request)?, Some(patience()), to)?,
                Carried::Nothing,
            ),
            Body::Bytes(bytes) => {
                let outgoing = wire::outgoing(request)?;
                let pending = wire::begin_with(outgoing, &bytes, Some(patience()), to)?;
                (pending, Carried::Nothing)
            }
            Body::Payload { range, framing } => {
                // A runtime that is not told would send it in chunks, which S3 does not take.
                let mut request = request.clone();
                let length = encoded_length(&range, framing).into();
                request.headers_mut().insert(CONTENT_LENGTH, length);
                let outgoing = wire::outgoing(&request)?;
                let writing = Writing::new(&outgoing, range, framing)?;
                // A runtime may count the first byte of the answer from the beginning of the request.
                let options = patience();
                let _ = options.set_first_byte_timeout(Some(u64::MAX / 4));
                let pending = wire::begin(outgoing, Some(options), to)?;
                (pending, Carried::Writing(Box::new(writing)))
            }
        };
        let watched = matches!(body, Carried::Writing(_));
        self.0.push(Flight {
            id,
            to: to.to_owned(),
            body,
            pending,
            patience: watched.then(|| clock::now().monotonic + STANDSTILL),
        });
        Ok(())
    }

    /// Goes on writing, and waits for the next answer, at most until then by the monotonic clock.
    pub(crate) fn wait(&mut self, until: Option<Duration>, source: &Source) -> Event {
        loop {
            if let Some(failed) = self.write(source) {
                return failed;
            }
            let patience = self.0.iter().filter_map(|flight| flight.patience).min();
            let timer = until.into_iter().chain(patience).min().map(|until| {
                let until = u64::try_from(until.as_nanos()).unwrap_or(u64::MAX);
                monotonic_clock::subscribe_instant(until)
            });
            match self.ready(timer.as_ref()) {
                Ready::Answer(index) => return self.0.remove(index).land(),
                Ready::Room => {}
                Ready::Time => {
                    if let Some(still) = self.standing_still() {
                        return still;
                    }
                    if until.is_none_or(|until| until <= clock::now().monotonic) {
                        return Event::Time;
                    }
                }
            }
        }
    }

    /// Gives up a request in which nothing has moved for too long.
    fn standing_still(&mut self) -> Option<Event> {
        let now = clock::now().monotonic;
        let still = |flight: &Flight| flight.patience.is_some_and(|end| end <= now);
        let index = self.0.iter().position(still)?;
        let Flight { id, to, .. } = self.0.remove(index);
        let message = format!("nothing moved on the way to {to} for {STANDSTILL:?}");
        let error = Error::new(ErrorKind::Timeout, message);
        Some(Event::Failed { id, error })
    }

    /// Writes bodies as far as there is room. A request whose file cannot be sent is cut.
    fn write(&mut self, source: &Source) -> Option<Event> {
        for (index, flight) in self.0.iter_mut().enumerate() {
            if let Err(error) = flight.write(source) {
                let Flight { id, .. } = self.0.remove(index);
                return Some(Event::Failed { id, error });
            }
        }
        None
    }

    fn ready(&self, timer: Option<&Pollable>) -> Ready {
        let answers = self.0.iter().map(|flight| flight.pending.subscribe());
        let answers: Vec<Pollable> = answers.collect();
        let room: Vec<Pollable> = self.0.iter().filter_map(Flight::room).collect();
        let waited_for: Vec<&Pollable> = answers.iter().chain(&room).chain(timer).collect();
        // An empty list would trap: there is nothing to wait for, so the time has come.
        if waited_for.is_empty() {
            return Ready::Time;
        }
        let ready = poll(&waited_for);
        let mut ready = ready
            .into_iter()
            .filter_map(|index| usize::try_from(index).ok());
        let first = answers.len() + room.len();
        ready
            .try_fold(Ready::Room, |found, index| match index {
                answer if answer < answers.len() => Err(Ready::Answer(answer)),
                time if time >= first => Ok(Ready::Time),
                _ => Ok(found),
            })
            .unwrap_or_else(|answer| answer)
    }

    /// Cuts all of them.
    pub(crate) fn cut(&mut self) {
        self.0.clear();
    }
}

/// What there was to wait for: an answer before the end of the time, and that before room to write.
enum Ready {
    Answer(usize),
    Time,
    Room,
}

impl Flight {
    /// Ready when more of the body can be written, where there is more.
    fn room(&self) -> Option<Pollable> {
        match &self.body {
            Carried::Writing(writing) => Some(writing.subscribe()),
            Carried::Nothing | Carried::Whole(_) | Carried::Partly => None,
        }
    }

    fn write(&mut self, source: &Source) -> Result<(), Error> {
        let Carried::Writing(writing) = &mut self.body else {
            return Ok(());
        };
        let before = writing.position();
        let progress = writing.advance(source)?;
        if writing.position() != before {
            self.patience = Some(clock::now().monotonic + STANDSTILL);
        }
        let digest = match progress {
            Progress::Waiting => return Ok(()),
            Progress::Whole(digest) => digest.map(|digest| digest.to_base64()),
            Progress::Refused => {
                self.body = Carried::Partly;
                return Ok(());
            }
        };
        let written = std::mem::replace(&mut self.body, Carried::Partly);
        if let Carried::Writing(writing) = written
            && writing.finish()
        {
            self.body = Carried::Whole(digest);
        }
        Ok(())
    }

    fn land(self) -> Event {
        let id = self.id;
        match self.answer() {
            Ok(answer) => answer,
            Err(Unanswered::NotSent { .. }) => Event::NotSent { id },
            Err(Unanswered::Failed(error)) => Event::Failed { id, error },
        }
    }

    fn answer(self) -> Result<Event, Unanswered> {
        let response = wire::answer(&self.pending, &self.to)?;
        let sent_checksum = match self.body {
            Carried::Nothing => None,
            Carried::Whole(checksum) => checksum,
            Carried::Writing(_) | Carried::Partly => {
                if response.status().is_success() {
                    let message = format!("{} answered before it had all bytes", self.to);
                    return Err(Error::new(ErrorKind::Integrity, message).into());
                }
                None
            }
        };
        Ok(Event::Answer {
            id: self.id,
            response,
            sent_checksum,
        })
    }
}

/// How long the runtime is to wait. One that knows no such option waits as it does.
pub(crate) fn patience() -> RequestOptions {
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(CONNECT));
    let _ = options.set_first_byte_timeout(Some(ANSWER));
    let _ = options.set_between_bytes_timeout(Some(ANSWER));
    options
}
