//! The host, the network and the user of an upload, all of them unreliable.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use http::Request;

use super::chance::Chance;
use super::host::{Disk, Pipe, Vault};
use super::ledger::{Attempts, Ledger};
use super::mishap::Mishap;
use super::payload::digest;
use super::setup::{CONCURRENCY, PART, Setup};
use super::store::{Brought, Store};
use crate::clock::Now;
use crate::error::Error;
use crate::retry::Policy;
use crate::upload::record::{Journal, Past};
use crate::upload::{Action, Body, Event, Framing, Outcome, RequestId, Step, Upload};

/// More steps than any run takes.
const MOST_STEPS: usize = 20_000;

/// The time at which a world begins, in seconds since 1970.
const BEGINNING: u64 = 1_700_000_000;

#[derive(Debug)]
pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) chance: Chance,
    pub(super) trouble: u8,
    /// What went wrong last.
    pub(super) last: Option<Mishap>,
    crashes: u8,
    runs: u32,
    pub(super) store: Store,
    disk: Disk,
    vault: Vault,
    pipe: Pipe,
    /// The region that a job has found the bucket in.
    region: Option<String>,
    pub(super) dead_keys: HashSet<String>,
    /// Requests that nobody waits for, and that arrive some time.
    pub(super) late: Vec<(Request<()>, Brought)>,
    pub(super) ledger: Ledger,
    pub(super) attempts: Attempts,
    clock: Duration,
}

/// How a run of the job ended.
#[derive(Debug)]
pub(super) enum End {
    Done(Result<Outcome, Error>),
    Crashed,
}

/// A request that is under way.
pub(super) struct Flight {
    pub(super) id: RequestId,
    pub(super) request: Request<()>,
    pub(super) brought: Brought,
    /// In the trailer.
    pub(super) checksum: Option<String>,
}

impl World {
    /// `trouble` is in hundredths of the requests, and so many crashes happen at most.
    pub(super) fn new(setup: Setup, chance: Chance, trouble: u8, crashes: u8) -> Self {
        let mut ledger = Ledger::default();
        ledger.grant(setup.length);
        let fails = if setup.bad_disk { 10 } else { 0 };
        Self {
            chance,
            trouble,
            last: None,
            crashes,
            runs: 0,
            store: Store::new(setup.manner.clone(), setup.before.clone()),
            disk: Disk {
                fails,
                ..Disk::default()
            },
            vault: Vault::default(),
            pipe: Pipe::new(setup.length, setup.room),
            region: None,
            dead_keys: HashSet::new(),
            late: Vec::new(),
            ledger,
            attempts: Attempts::default(),
            clock: Duration::ZERO,
            setup,
        }
    }

    /// Half the trouble from now on, and in the end none.
    pub(super) fn calm(&mut self) {
        self.trouble /= 2;
        self.disk.fails /= 2;
    }

    pub(super) fn left_over(&self) -> usize {
        self.store.uploads.len()
    }

    /// Whether no byte was sent that there was no reason for.
    pub(super) fn was_thrifty(&self) -> bool {
        self.ledger.is_kept()
    }

    /// Whether the journal knows of each open upload, or of when it was begun.
    pub(super) fn remembers_what_is_open(&self) -> bool {
        let journal = Journal::read(&self.disk.journal);
        let begun = journal.past.as_ref();
        let vague = |past: &Past| past.upload_id.is_none() || !past.alone;
        if journal.strays.is_some() || begun.is_some_and(vague) {
            return true;
        }
        let last = begun.and_then(|past| past.upload_id.as_deref());
        self.store
            .uploads
            .keys()
            .all(|id| last == Some(id) || journal.left.iter().any(|left| left.as_str() == id))
    }

    /// The object is the payload, or what was there before; with `made`, it is the payload.
    pub(super) fn check_object(&self, made: bool) {
        let object = self.store.object.as_ref();
        let whole = object.is_some_and(|object| object.is_whole(self.setup.length));
        let untouched = self.store.object == self.setup.before;
        assert!(whole || (untouched && !made), "{object:?}");
    }

    /// What the store has is what the job says.
    pub(super) fn check_outcome(&self, outcome: &Outcome) {
        let uploaded = outcome.object();
        assert_eq!(uploaded.bytes, self.setup.length);
        if let Some(checksum) = &uploaded.checksum {
            let whole = 0..self.setup.length;
            assert_eq!(*checksum, digest(checksum.algorithm(), whole));
        }
        let etag = self
            .store
            .object
            .as_ref()
            .map(super::payload::Content::etag);
        assert!(self.store.lied || etag == Some(uploaded.etag.clone()));
    }

    /// All that is still on its way arrives.
    pub(super) fn settle(&mut self) {
        let wall = self.now().wall;
        for (request, brought) in std::mem::take(&mut self.late) {
            drop(self.store.serve(&request, &brought, wall));
        }
    }

    pub(super) fn now(&self) -> Now {
        Now {
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(BEGINNING) + self.clock,
            monotonic: self.clock,
        }
    }

    /// One run of the job, as a component and its host would do it.
    pub(super) fn run(&mut self) -> End {
        self.runs += 1;
        self.attempts = Attempts::default();
        self.pipe = Pipe::new(self.setup.length, self.setup.room);
        let job = self.setup.job(self.region.as_deref(), self.runs);
        let mut upload = Upload::new(job, Policy::default(), self.now());
        let mut flights: Vec<Flight> = Vec::new();
        let end = self.steps(&mut upload, &mut flights);
        self.lose(flights);
        if self.setup.stream || self.setup.bad_disk {
            // Nothing goes on where it ended.
            self.ledger.grant(self.setup.length);
        }
        if matches!(end, End::Crashed) {
            // What was stored, and not written down yet.
            self.ledger.grant(PART);
            let object = self.store.object.as_ref();
            let is_made = object.is_some_and(|object| object.is_whole(self.setup.length));
            let is_over = Journal::read(&self.disk.journal).past.is_none();
            if is_made && (is_over || !self.setup.would_recognise_it()) {
                self.ledger.grant(self.setup.length);
            }
        }
        end
    }

    fn steps(&mut self, upload: &mut Upload, flights: &mut Vec<Flight>) -> End {
        let mut retries = 0;
        for _ in 0..MOST_STEPS {
            if self.crashes > 0 && self.chance.in_hundred(2) {
                self.crashes -= 1;
                return End::Crashed;
            }
            if !self.late.is_empty() && self.chance.in_hundred(5) {
                let (request, brought) = self.late.remove(0);
                drop(self.store.serve(&request, &brought, self.now().wall));
            }
            let event = match upload.next(self.now()) {
                Action::Done(result) => return End::Done(result),
                Action::Send { id, request, body } => {
                    flights.push(self.send(id, request, body));
                    assert!(flights.len() <= CONCURRENCY.into(), "too many under way");
                    None
                }
                Action::Cut => {
                    self.lose(std::mem::take(flights));
                    None
                }
                Action::Report(Step::Retrying { delay, .. }) => {
                    retries += 1;
                    assert!(delay <= Policy::default().max_retry_after);
                    // 500 tokens, 5 for each retry, which a success refunds.
                    assert!(retries <= 100 + 2 * self.successes_at_most());
                    Some(Event::GoOn)
                }
                Action::Wait { until } => Some(self.wait(flights, until)),
                action => self.answer(action),
            };
            if let Some(event) = event {
                let random = self.chance.draw();
                upload.handle(event, self.now(), random);
            }
        }
        panic!("the job does not end: {upload:?}");
    }

    /// Each part and each page of a listing, and some more, begun three times.
    fn successes_at_most(&self) -> u64 {
        3 * (2 * (self.setup.length / PART) + u64::from(self.runs) + 12)
    }

    fn send(&mut self, id: RequestId, request: Request<()>, body: Body) -> Flight {
        self.attempts.made(&request);
        let checksum = match &body {
            Body::Payload {
                range,
                framing: Framing::AwsChunked(algorithm),
            } => Some(digest(*algorithm, range.clone()).to_base64()),
            _ => None,
        };
        if let Body::Payload { range, .. } = &body
            && self.setup.stream
            && range.start < range.end
        {
            assert!(self.pipe.holds(range), "{range:?} is sent and not held");
        }
        let brought = Brought::of(body);
        self.ledger.spend(brought.length());
        Flight {
            id,
            request,
            brought,
            checksum,
        }
    }

    fn answer(&mut self, action: Action) -> Option<Event> {
        let (trouble, chance) = (self.trouble, &mut self.chance);
        Some(match action {
            Action::Load => self.disk.load(chance),
            Action::Append(entry) => self.disk.append(entry, chance),
            Action::Reset => self.disk.reset(),
            Action::Credentials { rejected } => {
                self.vault.credentials(rejected, trouble / 4, chance)
            }
            Action::Digest { algorithm, range } => Event::Digest(Ok(digest(algorithm, range))),
            Action::Acquire { length } => self.pipe.acquire(length, trouble / 8, chance),
            Action::Release(range) => {
                self.pipe.release(range);
                return None;
            }
            Action::Remember(region) => {
                self.region = Some(region.as_str().to_owned());
                return None;
            }
            Action::Report(_) if chance.in_hundred(trouble / 20) => {
                // The user interrupts, and what was begun is aborted.
                self.ledger.grant(self.setup.length);
                Event::Stop
            }
            Action::Report(_) => Event::GoOn,
            other => panic!("{other:?}"),
        })
    }

    /// One of those under way comes to its end, in any order; or the time comes.
    fn wait(&mut self, flights: &mut Vec<Flight>, until: Option<Duration>) -> Event {
        if flights.is_empty() || (until.is_some() && self.chance.in_hundred(30)) {
            let until = until.expect("a job that waits for nothing waits forever");
            self.clock = self.clock.max(until);
            return Event::Time;
        }
        self.clock += Duration::from_millis(10);
        let flight = flights.remove(self.chance.below(flights.len()));
        self.land(flight)
    }
}
