//! The host, the network and the user of an upload, all of them unreliable.

use std::collections::HashSet;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use http::Request;

use super::chance::Chance;
use super::store::{Said, Store};
use crate::checksum::{Algorithm, Checksum, Digest, Placement};
use crate::clock::Now;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::retry::Policy;
use crate::s3::{Addressing, Destination, Store as Place};
use crate::upload::record::{Journal, Past};
use crate::upload::{
    Action, Body, Described, Event, Job, Options, Outcome, RequestId, Step, Transfer, Upload,
};

const MIB: u64 = 1024 * 1024;
const PART: u64 = 5 * MIB;
const CONCURRENCY: u8 = 3;

/// The most bytes that are on their way when a process dies.
pub(super) const UNDER_WAY: u64 = CONCURRENCY as u64 * PART;

/// More steps than any run takes.
const MOST_STEPS: usize = 20_000;

#[derive(Debug)]
pub(super) struct World {
    chance: Chance,
    trouble: u8,
    crashes: u8,
    store: Store,
    journal: Vec<Vec<u8>>,
    keys: u32,
    dead_keys: HashSet<String>,
    length: u64,
    sent: u64,
    /// How often the process died when the object was made, and nobody had heard of it.
    unheard: u64,
    clock: Duration,
}

/// How a run of the job ended.
#[derive(Debug)]
pub(super) enum End {
    Done(Result<Outcome, Error>),
    Crashed,
}

struct Flight {
    id: RequestId,
    request: Request<()>,
    body: Body,
}

impl World {
    /// `trouble` and the chance of a crash are in hundredths of the requests and steps.
    pub(super) fn new(mut chance: Chance, trouble: u8, crashes: u8, put_only: bool) -> Self {
        let length = chance.draw() % (10 * PART) + 1;
        Self {
            chance,
            trouble,
            crashes,
            store: Store {
                put_only,
                ..Store::default()
            },
            journal: Vec::new(),
            keys: 0,
            dead_keys: HashSet::new(),
            length,
            sent: 0,
            unheard: 0,
            clock: Duration::ZERO,
        }
    }

    /// Half the trouble from now on, and in the end none.
    pub(super) fn calm(&mut self) {
        self.trouble /= 2;
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    pub(super) fn unheard(&self) -> u64 {
        self.unheard
    }

    pub(super) fn left_over(&self) -> usize {
        self.store.uploads.len()
    }

    /// Whether the journal knows of each open upload, or of when it was begun.
    pub(super) fn remembers_what_is_open(&self) -> bool {
        let journal = Journal::read(&self.journal);
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

    /// The object is the payload: its pieces follow each other without gap or overlap.
    pub(super) fn check_object(&self) {
        let pieces = self.store.object.as_ref().expect("there is an object");
        let end = pieces.iter().fold(0, |reached, piece| {
            assert_eq!(piece.start, reached, "{pieces:?}");
            piece.end
        });
        assert_eq!(end, self.length);
    }

    fn job(&self) -> Job {
        let region = "eu-west-1".parse().unwrap();
        let destination = Destination {
            store: Place::at("https://h".parse().unwrap(), Addressing::Path, region).unwrap(),
            bucket: "abc".parse().unwrap(),
            key: "k".parse().unwrap(),
        };
        let checksum = Checksum {
            algorithm: Algorithm::Crc64Nvme,
            placement: Placement::Trailer,
        };
        let payload = Described {
            length: Some(self.length),
            fingerprint: "f".to_owned(),
        };
        let transfer = Transfer {
            threshold: 2 * PART,
            part_size: PART,
            concurrency: CONCURRENCY.try_into().unwrap(),
            skip_existing: false,
        };
        Job::new(
            destination,
            payload,
            Some(checksum),
            Options::default(),
            transfer,
        )
        .unwrap()
    }

    fn now(&self) -> Now {
        Now {
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            monotonic: self.clock,
        }
    }

    /// One run of the job, as a component and its host would do it.
    pub(super) fn run(&mut self) -> End {
        let mut upload = Upload::new(self.job(), Policy::default(), self.now());
        let mut flights: Vec<Flight> = Vec::new();
        let mut retries = 0;
        for _ in 0..MOST_STEPS {
            if self.crashes > 0 && self.chance.in_hundred(2) {
                self.crashes -= 1;
                self.lose(flights);
                self.unheard += u64::from(self.store.object.is_some());
                return End::Crashed;
            }
            let event = match upload.next(self.now()) {
                Action::Done(result) => return End::Done(result),
                Action::Send { id, request, body } => {
                    flights.push(Flight { id, request, body });
                    assert!(flights.len() <= CONCURRENCY.into(), "too many under way");
                    None
                }
                Action::Cut => {
                    self.lose(std::mem::take(&mut flights));
                    None
                }
                Action::Report(Step::Retrying { delay, .. }) => {
                    retries += 1;
                    assert!(delay <= Policy::default().max_retry_after);
                    // 500 tokens, 5 for each retry, which a success refunds.
                    assert!(retries <= 100 + 2 * self.successes_at_most());
                    Some(Event::GoOn)
                }
                Action::Wait { until } => Some(self.wait(&mut flights, until)),
                action => self.answer(action),
            };
            if let Some(event) = event {
                let random = self.chance.draw();
                upload.handle(event, self.now(), random);
            }
        }
        panic!("the job does not end: {upload:?}");
    }

    fn successes_at_most(&self) -> u64 {
        3 * (self.length / PART + 6)
    }

    fn answer(&mut self, action: Action) -> Option<Event> {
        Some(match action {
            Action::Load => Event::Journal(Ok(self.journal.clone())),
            Action::Append(entry) => {
                self.journal.push(entry);
                Event::Written(Ok(()))
            }
            Action::Reset => {
                self.journal.clear();
                Event::Written(Ok(()))
            }
            Action::Credentials { rejected } => self.credentials(rejected),
            Action::Digest { .. } => Event::Digest(Ok(crc())),
            Action::Report(_) => Event::GoOn,
            Action::Remember(_) | Action::Release(_) => return None,
            other => panic!("{other:?}"),
        })
    }

    fn credentials(&mut self, rejected: Option<String>) -> Event {
        if self.chance.in_hundred(self.trouble / 4) {
            return Event::Credentials(Err(Error::new(ErrorKind::Unavailable, "not now")));
        }
        if rejected.is_some_and(|id| id == format!("A{}", self.keys)) {
            self.keys += 1;
        }
        let id = format!("A{}", self.keys);
        Event::Credentials(Credentials::new(id, "s".to_owned(), None, None))
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

    fn land(&mut self, flight: Flight) -> Event {
        let Flight { id, request, body } = flight;
        let range = match body {
            Body::Payload { range, .. } => Some(range),
            _ => None,
        };
        self.count(range.as_ref());
        let network = || Event::Failed {
            id,
            error: Error::new(ErrorKind::Network, "reset"),
        };
        let said = match self.mishap() {
            Some(Mishap::Before) => return network(),
            Some(Mishap::After) => {
                drop(self.store.serve(&request, range));
                return network();
            }
            Some(Mishap::Refused(status, code)) => Said::refusal(status, code),
            Some(Mishap::LateError) => {
                drop(self.store.serve(&request, range));
                Said::refusal(200, "InternalError")
            }
            Some(Mishap::Vanished) => {
                self.store.uploads.clear();
                self.store.serve(&request, range)
            }
            Some(Mishap::Expired) => self.expire(&request),
            None if self.is_dead(&request) => Said::refusal(400, "ExpiredToken"),
            None => self.store.serve(&request, range),
        };
        Event::Answer {
            id,
            response: said.response(),
            sent_checksum: Some(crc().to_base64()),
        }
    }

    fn mishap(&mut self) -> Option<Mishap> {
        const MISHAPS: [Mishap; 9] = [
            Mishap::Before,
            Mishap::After,
            Mishap::LateError,
            Mishap::Vanished,
            Mishap::Expired,
            Mishap::Refused(503, "SlowDown"),
            Mishap::Refused(500, "InternalError"),
            Mishap::Refused(400, "BadDigest"),
            Mishap::Refused(409, "ConditionalRequestConflict"),
        ];
        if !self.chance.in_hundred(self.trouble) {
            return None;
        }
        Some(MISHAPS[self.chance.below(MISHAPS.len())])
    }

    fn expire(&mut self, request: &Request<()>) -> Said {
        self.dead_keys.insert(key_of(request));
        Said::refusal(400, "ExpiredToken")
    }

    fn is_dead(&self, request: &Request<()>) -> bool {
        self.dead_keys.contains(&key_of(request))
    }

    fn count(&mut self, range: Option<&Range<u64>>) {
        self.sent += range.map_or(0, |range| range.end - range.start);
    }

    /// What is under way when a process dies arrives or does not.
    fn lose(&mut self, flights: Vec<Flight>) {
        for Flight { request, body, .. } in flights {
            let range = match body {
                Body::Payload { range, .. } => Some(range),
                _ => None,
            };
            self.count(range.as_ref());
            if self.chance.in_hundred(50) {
                drop(self.store.serve(&request, range));
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Mishap {
    /// The connection breaks, and the store has not seen the request.
    Before,
    /// The connection breaks after the store has done it.
    After,
    /// The store has done it, and says that it failed.
    LateError,
    /// Somebody has aborted all uploads.
    Vanished,
    /// The credentials are dead from now on.
    Expired,
    Refused(u16, &'static str),
}

fn key_of(request: &Request<()>) -> String {
    let authorization = request.headers()["authorization"].to_str().unwrap();
    let (_, rest) = authorization.split_once("Credential=").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

fn crc() -> Digest {
    Digest::from_base64(Algorithm::Crc64Nvme, "AAECAwQFBgc=").unwrap()
}
