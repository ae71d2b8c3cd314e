//! A host for the machine: a journal in memory, a vault that renews what is rejected, and a log of
//! what was asked of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use http::Request;

use super::plan::digest;
use super::store::{Reply, accept, operation};
use crate::clock::Now;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::retry::Policy;
use crate::upload::record::{Journal, Past};
use crate::upload::{Action, Body, Event, Job, Outcome, RequestId, Step, Upload};

/// A request that the machine sent.
pub(super) struct Sent {
    pub(super) id: RequestId,
    /// What it is: `part 3`, say.
    pub(super) what: String,
    /// Which of its kind it is, from 1.
    pub(super) nth: usize,
    pub(super) request: Request<()>,
    pub(super) body: Body,
}

/// Where the machine stands still.
pub(super) enum Halt {
    Sent(Sent),
    Wait(Option<Duration>),
    Done(Result<Outcome, Error>),
}

/// The machine in the hands of its host.
pub(super) struct Bench {
    pub(super) upload: Upload,
    pub(super) now: Now,
    /// Answers reading the journal, and takes what is appended if it is there.
    pub(super) journal: Result<Vec<Vec<u8>>, Error>,
    /// Whether the journal takes entries.
    pub(super) writable: bool,
    /// Bytes that the stream has left.
    pub(super) stream: u64,
    /// Bytes of the stream that may be held at once.
    pub(super) room: u64,
    /// Whether the stream breaks off instead of ending.
    pub(super) broken: bool,
    /// Which of the reports is answered with a stop, from 1.
    pub(super) stop_at: Option<usize>,
    /// Whether requests are answered latest first.
    pub(super) backwards: bool,
    /// What was asked, in order.
    pub(super) log: Vec<String>,
    /// The most requests under way at once.
    pub(super) most_open: usize,
    /// The access key that the vault hands out, by the number of renewals.
    pub(super) renewals: u32,
    /// Why the vault has none before that, latest first.
    pub(super) vault_fails: Vec<ErrorKind>,
    taken: u64,
    released: u64,
    reports: usize,
    counts: BTreeMap<String, usize>,
}

impl Bench {
    pub(super) fn new(job: Job) -> Self {
        Self {
            upload: Upload::new(job, Policy::default(), at(0)),
            now: at(0),
            journal: Ok(Vec::new()),
            writable: true,
            stream: 0,
            room: u64::MAX,
            broken: false,
            stop_at: None,
            backwards: false,
            log: Vec::new(),
            most_open: 0,
            renewals: 0,
            vault_fails: Vec::new(),
            taken: 0,
            released: 0,
            reports: 0,
            counts: BTreeMap::new(),
        }
    }

    /// Runs the job to its end. Once nothing is left but to wait, the first request that is under
    /// way is answered as `reply` says.
    pub(super) fn run(&mut self, mut reply: impl FnMut(&Sent) -> Reply) -> Result<Outcome, Error> {
        let mut open: Vec<Sent> = Vec::new();
        loop {
            match self.halt() {
                Halt::Done(result) => return result,
                Halt::Sent(sent) => {
                    open.push(sent);
                    self.most_open = self.most_open.max(open.len());
                }
                Halt::Wait(_) if !open.is_empty() => {
                    let next = if self.backwards { open.len() - 1 } else { 0 };
                    let sent = open.remove(next);
                    let event = reply(&sent).event(&sent);
                    self.tell(event);
                }
                Halt::Wait(Some(until)) => {
                    let left = until.checked_sub(self.now.monotonic);
                    self.pass(left.expect("no wait is for the past"));
                    self.tell(Event::Time);
                }
                Halt::Wait(None) => panic!("waits for nothing after {:#?}", self.log),
            }
        }
    }

    /// Carries out what the machine asks until it waits, sends or ends.
    pub(super) fn halt(&mut self) -> Halt {
        loop {
            let event = match self.upload.next(self.now) {
                Action::Done(result) => return Halt::Done(result),
                Action::Wait { until } => return Halt::Wait(until),
                Action::Send { id, request, body } => {
                    return Halt::Sent(self.sent(id, request, body));
                }
                Action::Cut => {
                    self.note("cut");
                    continue;
                }
                Action::Release(range) => {
                    self.note(format!("release {range:?}"));
                    self.released += range.end - range.start;
                    continue;
                }
                Action::Remember(region) => {
                    self.note(format!("remember {}", region.as_str()));
                    continue;
                }
                Action::Load => Event::Journal(self.journal.clone()),
                Action::Append(entry) => Event::Written(self.append(entry)),
                Action::Reset => {
                    self.note("reset");
                    self.journal = self
                        .journal
                        .as_ref()
                        .map(|_| Vec::new())
                        .map_err(Clone::clone);
                    Event::Written(self.written())
                }
                Action::Credentials { rejected } => Event::Credentials(self.keys(rejected)),
                Action::Digest { algorithm, range } => {
                    self.note(format!("digest {algorithm} {range:?}"));
                    Event::Digest(Ok(digest(algorithm, range)))
                }
                Action::Acquire { length } => Event::Acquired(self.acquire(length)),
                Action::Report(step) => self.report(&step),
            };
            self.tell(event);
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.upload.handle(event, self.now, 0);
    }

    /// The next request, where the machine has nothing else to do before.
    pub(super) fn expect_sent(&mut self) -> Sent {
        match self.halt() {
            Halt::Sent(sent) => sent,
            Halt::Wait(until) => panic!("waits until {until:?} after {:#?}", self.log),
            Halt::Done(result) => panic!("{result:?}"),
        }
    }

    pub(super) fn expect_done(&mut self) -> Result<Outcome, Error> {
        match self.halt() {
            Halt::Done(result) => result,
            Halt::Sent(sent) => panic!("sends {}", sent.what),
            Halt::Wait(until) => panic!("waits until {until:?}"),
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.wall += time;
    }

    /// What was sent, in order, without the word `send`.
    pub(super) fn sends(&self) -> Vec<&str> {
        self.lines("send ")
    }

    /// What was written to the journal, in order.
    pub(super) fn writes(&self) -> Vec<&str> {
        self.lines("write ")
    }

    pub(super) fn position(&self, line: &str) -> usize {
        let found = self.log.iter().position(|logged| logged == line);
        found.unwrap_or_else(|| panic!("no `{line}` in {:#?}", self.log))
    }

    pub(super) fn count(&self, line: &str) -> usize {
        self.log.iter().filter(|logged| *logged == line).count()
    }

    fn lines(&self, start: &str) -> Vec<&str> {
        let lines = self.log.iter();
        lines.filter_map(|line| line.strip_prefix(start)).collect()
    }

    fn note(&mut self, line: impl Into<String>) {
        self.log.push(line.into());
    }

    fn sent(&mut self, id: RequestId, request: Request<()>, body: Body) -> Sent {
        let what = operation(&request);
        self.note(format!("send {what}"));
        let nth = self.counts.entry(what.clone()).or_default();
        *nth += 1;
        Sent {
            id,
            nth: *nth,
            what,
            request,
            body,
        }
    }

    fn append(&mut self, entry: Vec<u8>) -> Result<(), Error> {
        let text = String::from_utf8_lossy(&entry).into_owned();
        let kinds = [
            "intent",
            "created",
            "part",
            "completing",
            "over",
            "left",
            "strays",
        ];
        let kind = kinds.iter().find(|kind| {
            text.contains(&format!("{{\"{kind}\"")) || text.contains(&format!(":\"{kind}\""))
        });
        let number = text.split("\"number\":").nth(1);
        let number = number.and_then(|rest| rest.split(',').next());
        let words = [Some("write"), kind.copied(), number];
        self.note(words.into_iter().flatten().collect::<Vec<_>>().join(" "));
        self.written()?;
        if let Ok(entries) = &mut self.journal {
            entries.push(entry);
        }
        Ok(())
    }

    fn written(&self) -> Result<(), Error> {
        let full = || Error::new(ErrorKind::Unavailable, "the disk is full");
        self.writable.then_some(()).ok_or_else(full)
    }

    fn keys(&mut self, rejected: Option<String>) -> Result<Credentials, Error> {
        if let Some(kind) = self.vault_fails.pop() {
            return Err(Error::new(kind, "no credentials"));
        }
        if let Some(rejected) = rejected {
            self.note(format!("reject {rejected}"));
            if rejected == format!("KEY{}", self.renewals) {
                self.renewals += 1;
            }
        }
        Ok(keys(&format!("KEY{}", self.renewals)))
    }

    fn acquire(&mut self, length: u64) -> Result<Option<Range<u64>>, Error> {
        self.note(format!("acquire {length}"));
        let length = length.min(self.stream);
        if self.taken - self.released + length > self.room {
            return Err(Error::new(ErrorKind::TooLarge, "no room"));
        }
        if length == 0 && self.broken {
            return Err(Error::new(ErrorKind::Unavailable, "the pipe broke"));
        }
        let start = self.taken;
        self.stream -= length;
        self.taken += length;
        Ok((length > 0).then_some(start..self.taken))
    }

    fn report(&mut self, step: &Step) -> Event {
        self.note(match step {
            Step::Attempt(attempt) => format!("attempt {attempt}"),
            Step::Retrying { .. } => "retrying".to_owned(),
        });
        self.reports += 1;
        if self.stop_at == Some(self.reports) {
            return Event::Stop;
        }
        Event::GoOn
    }
}

impl Sent {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let value = self.request.headers().get(name)?;
        Some(value.to_str().unwrap())
    }

    /// The access key that it is signed with.
    pub(super) fn key(&self) -> &str {
        let authorization = self.header("authorization").unwrap();
        let credential = authorization.split("Credential=").nth(1).unwrap();
        credential.split('/').next().unwrap()
    }

    pub(super) fn accepted(&self) -> Event {
        accept().event(self)
    }
}

pub(super) fn at(seconds: u64) -> Now {
    Now {
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds),
        monotonic: Duration::from_secs(seconds),
    }
}

pub(super) fn keys(id: &str) -> Credentials {
    let (secret, token) = ("hush".to_owned(), "token".to_owned());
    Credentials::new(id.to_owned(), secret, Some(token), None).unwrap()
}

/// What a journal has of an upload under way.
pub(super) fn read(entries: &[Vec<u8>]) -> Past {
    Journal::read(entries).past.unwrap()
}
