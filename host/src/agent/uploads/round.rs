//! One round of the uploads, from their start to their end: what is claimed, under way and settled.

mod beginning;
mod ending;
mod looking;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sealift_queue::{Failure, Job, JobId, Outcome, Owner, QueueError};
use time::Date;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::Uploads;
use super::aftermath::Aftermath;
use super::held::Held;
use super::stuck::{Leftover, Stuck};
use crate::agent::attempt::Ended;
use crate::agent::budget::{self, Budget, Spent};
use crate::agent::desk::told;
use crate::agent::gates::Gates;
use crate::agent::hand::Hand;
use crate::agent::link::Leave;
use crate::agent::meter::Meter;
use crate::agent::supervisor::PartError;
use crate::agent::verdict::{Pause, Sign, Verdict};
use crate::gateway::Gateway;
use crate::report;

/// The longest sleep: the wall clock, by which jobs are due, may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// The state of the uploads.
pub(super) struct Round {
    parts: Uploads,
    current: Arc<Gateway>,
    owner: Owner,
    gates: Gates,
    hand: Hand,
    attempts: JoinSet<(Job, Ended)>,
    running: HashMap<Id, Running>,
    held: Held,
    stuck: Stuck,
    aftermath: JoinSet<()>,
    /// Whether there may be jobs that are due.
    more: bool,
    /// Whether some of them may be more urgent than what is held.
    fresh: bool,
    /// When there will be others.
    due: Option<Instant>,
    /// Bytes sent that are not written down.
    unrecorded: u64,
    /// Whether the queue's jobs are to be counted anew.
    uncounted: bool,
}

/// An attempt under way.
struct Running {
    job: Job,
    meter: Arc<Meter>,
    handle: AbortHandle,
    called_off: bool,
}

/// The end of an attempt's task.
type EndedTask = Result<(Id, (Job, Ended)), JoinError>;

/// Something that happened.
pub(super) enum Event {
    Attempt(Box<EndedTask>),
    Aftermath(Result<(), JoinError>),
    Moment,
}

impl Round {
    /// Takes over what earlier rounds left.
    pub(super) async fn begin(parts: &Uploads, current: Arc<Gateway>) -> Result<Self, PartError> {
        let owner = Owner::this_process()?;
        let recovering = owner.clone();
        let now = SystemTime::now();
        let day = budget::day(now);
        let (recovered, spent) = parts
            .desk
            .ask(move |queue| {
                let recovered = queue.recover(&recovering, now)?;
                Ok((recovered, spent(queue, day)?))
            })
            .await?;
        if recovered > 0 {
            tracing::info!("{recovered} uploads of the last run go on");
        }
        let budget = Budget::from(&current.config().service);
        let mut round = Self {
            parts: parts.clone(),
            current,
            owner,
            gates: Gates::new(budget, spent, day),
            hand: Hand::default(),
            attempts: JoinSet::new(),
            running: HashMap::new(),
            held: Held::default(),
            stuck: Stuck::default(),
            aftermath: JoinSet::new(),
            more: true,
            fresh: true,
            due: None,
            unrecorded: 0,
            uncounted: true,
        };
        let aftermath = round.aftermath();
        round.aftermath.spawn(aftermath.of_last_run());
        Ok(round)
    }

    /// Waits until something happens.
    pub(super) async fn event(&mut self) -> Event {
        let moment = self.next_moment();
        tokio::select! {
            Some(ended) = self.attempts.join_next_with_id() => Event::Attempt(Box::new(ended)),
            Some(ended) = self.aftermath.join_next() => Event::Aftermath(ended),
            () = sleep_until(moment) => Event::Moment,
        }
    }

    /// Deals with what happened.
    pub(super) async fn happened(&mut self, event: Event) {
        match event {
            Event::Attempt(ended) => self.ended(*ended).await,
            Event::Aftermath(Ok(())) => {}
            Event::Aftermath(Err(error)) => {
                let error = report::line(&error.to_string());
                tracing::error!("what came after an upload failed: {error}");
            }
            Event::Moment => self.more = true,
        }
    }

    /// There are new jobs, perhaps urgent ones.
    pub(super) fn new_jobs(&mut self) {
        (self.more, self.fresh, self.uncounted) = (true, true, true);
    }

    /// Releases stand differently.
    pub(super) fn releases_changed(&mut self) {
        let aftermath = self.aftermath();
        self.aftermath.spawn(aftermath.follow());
    }

    /// The network of this machine is another.
    pub(super) async fn network_changed(&mut self) {
        if !self.gates.link_is_up() {
            self.gates.network_changed(Instant::now());
            self.hasten().await;
        }
    }

    /// Another configuration holds from now on.
    pub(super) async fn reconfigure(&mut self, next: Arc<Gateway>) {
        self.gates.set_budget(Budget::from(&next.config().service));
        self.gates.try_again(Instant::now());
        self.current = next;
        self.dispose_again(self.stuck.all());
        self.hasten().await;
    }

    fn dispose_again(&mut self, leftovers: Vec<Leftover>) {
        if !leftovers.is_empty() {
            let aftermath = self.aftermath();
            self.aftermath.spawn(aftermath.of_stuck(leftovers));
        }
    }

    /// Has it written down how a job ended. Nothing else waits for that: a disk can be full for long, and
    /// meanwhile the service may be told to stop.
    fn write_down(&mut self, id: JobId, outcome: Outcome, sent: u64) {
        let aftermath = self.aftermath();
        let settle = async move {
            aftermath.settle(id, outcome, sent).await;
        };
        self.aftermath.spawn(settle);
    }

    async fn ended(&mut self, ended: EndedTask) {
        let (id, finished) = match ended {
            Ok((id, finished)) => (id, Ok(finished)),
            Err(error) => (error.id(), Err(error)),
        };
        let Some(running) = self.running.remove(&id) else {
            return;
        };
        let bytes = running.meter.unaccounted();
        self.gates.spend(bytes);
        self.unrecorded += bytes;
        self.parts.figures.sent(bytes);
        let sent = running.meter.sent();
        let called_off = running.called_off;
        let (job, ended) = finished.unwrap_or_else(|error| (running.job, broken_off(&error)));
        let (ended, sign) = match ended {
            stored @ Ended::Stored { .. } => (stored, Sign::Reached),
            Ended::NotStored { sign, .. } if called_off => (
                Ended::NotStored {
                    verdict: Verdict::Cancelled,
                    sign,
                },
                sign,
            ),
            Ended::NotStored { verdict, sign } => (Ended::NotStored { verdict, sign }, sign),
        };
        self.heed(&ended, sign).await;
        let aftermath = self.aftermath();
        self.aftermath.spawn(aftermath.of_attempt(job, ended, sent));
    }

    /// What it means for the others.
    async fn heed(&mut self, ended: &Ended, sign: Sign) {
        let now = Instant::now();
        if let Ended::NotStored {
            verdict:
                Verdict::Retry {
                    pause: Pause::All(pause),
                    ..
                },
            ..
        } = ended
        {
            self.gates.cool_down(*pause, now);
        }
        let was_up = self.gates.link_is_up();
        if self.gates.ended(sign, now) {
            self.hasten().await;
        }
        if was_up != self.gates.link_is_up() {
            self.parts.figures.link(self.gates.link_is_up());
        }
        (self.more, self.uncounted) = (true, true);
    }

    /// Makes all jobs due: what kept them may be over.
    async fn hasten(&mut self) {
        match self.parts.desk.ask(sealift_queue::Queue::hasten).await {
            Ok(_) => self.new_jobs(),
            Err(error) => told(&error),
        }
    }

    /// When to look again, if nothing happens before.
    fn next_moment(&self) -> Instant {
        let now = Instant::now();
        let gate = match self.gates.leave(now) {
            Leave::Wait(moment) => moment,
            Leave::All | Leave::Probe => self.due,
        };
        let latest = now + LONGEST_SLEEP;
        gate.map_or(latest, |moment| moment.min(latest))
            .max(now + Duration::from_millis(10))
    }

    fn aftermath(&self) -> Aftermath {
        Aftermath {
            desk: self.parts.desk.clone(),
            figures: self.parts.figures.clone(),
            current: Arc::clone(&self.current),
            releases: Arc::clone(&self.parts.releases),
            held: self.held.clone(),
            stuck: self.stuck.clone(),
            standing: self.parts.standing.clone(),
            bell: self.parts.bell.clone(),
        }
    }
}

fn spent(queue: &sealift_queue::Queue, day: Date) -> Result<Spent, QueueError> {
    Ok(Spent {
        today: queue.sent_on(day)?,
        this_month: queue.sent_in_month_of(day)?,
    })
}

/// A time of the wall clock on the clock that timers go by.
fn moment(due: SystemTime) -> Instant {
    let wait = due.duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now() + wait
}

/// A task that ended without an outcome.
fn broken_off(error: &JoinError) -> Ended {
    let failure = Failure::new("internal", &report::line(&error.to_string()));
    let pause = Pause::Backoff(Duration::from_mins(1));
    Ended::NotStored {
        verdict: Verdict::Retry { failure, pause },
        sign: Sign::None,
    }
}
