//! Which jobs are claimed, held and begun.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sealift_queue::{Job, Outcome, Target};
use tokio::time::Instant;
use tracing::Instrument;

use super::{Round, Running, moment};
use crate::agent::attempt::attempt;
use crate::agent::desk::told;
use crate::agent::hand::{Places, is_large};
use crate::agent::link::Leave;
use crate::agent::meter::Meter;

/// Attempts that came to their end and are not written down yet. More of them would be work that a
/// crash undoes.
const MOST_UNSETTLED: usize = 256;

/// Claimed jobs for each place that are not begun.
const HELD: usize = 4;

/// How long nothing is asked of a queue that could not do something.
const QUEUE_PAUSE: Duration = Duration::from_secs(5);

impl Round {
    /// Begins as many jobs as may begin now.
    pub(in crate::agent::uploads) async fn begin_jobs(&mut self) {
        loop {
            self.start();
            let count = self.wanted();
            if count == 0 {
                break;
            }
            self.claim(count).await;
        }
        let may_not = matches!(self.gates.leave(Instant::now()), Leave::Wait(_));
        if may_not && self.hand.len() > 0 {
            self.lay_down(0);
            self.more = true;
        }
    }

    /// Begins held jobs.
    fn start(&mut self) {
        while !matches!(self.gates.leave(Instant::now()), Leave::Wait(_))
            && let Some(job) = self.next()
        {
            self.gates.begun();
            let meter = Arc::new(Meter::default());
            let (current, watched) = (Arc::clone(&self.current), Arc::clone(&meter));
            let releases = Arc::clone(&self.parts.releases);
            let span = tracing::info_span!("job", job = job.id.number());
            let running = job.clone();
            let work = async move {
                let ended = attempt(&current, &releases, &job, watched).await;
                (job, ended)
            };
            let handle = self.attempts.spawn(work.instrument(span));
            let running = Running {
                job: running,
                meter,
                handle: handle.clone(),
                called_off: false,
            };
            self.running.insert(handle.id(), running);
        }
    }

    fn next(&mut self) -> Option<Job> {
        let (places, running) = (self.places(), &self.running);
        let is_sent = |target: &Target| {
            let mut under_way = running.values();
            under_way.any(|running| running.job.task.target == *target)
        };
        self.hand.next(places, is_sent)
    }

    /// How many more to claim.
    fn wanted(&self) -> usize {
        let all = self.places().all;
        if !self.more || self.aftermath.len() >= MOST_UNSETTLED {
            return 0;
        }
        match self.gates.leave(Instant::now()) {
            Leave::Probe => usize::from(self.hand.len() == 0),
            Leave::All if self.fresh || self.hand.len() < all => all,
            Leave::All | Leave::Wait(_) => 0,
        }
    }

    async fn claim(&mut self, count: usize) {
        self.fresh = false;
        let owner = self.owner.clone();
        let claimed = self.parts.desk.ask(move |queue| {
            let now = SystemTime::now();
            let jobs = queue.claim(&owner, count, now)?;
            let due = match jobs.len() {
                all if all == count => None,
                _ => queue.next_due(now)?,
            };
            Ok((jobs, due))
        });
        match claimed.await {
            Ok((jobs, due)) => {
                self.more = jobs.len() == count;
                self.due = due.map(moment);
                self.hand.take_up(jobs);
                self.lay_down(HELD * self.places().all);
            }
            Err(error) => {
                told(&error);
                self.more = false;
                self.due = Some(Instant::now() + QUEUE_PAUSE);
            }
        }
    }

    /// Puts held jobs beyond so many back into the queue.
    pub(super) fn lay_down(&mut self, most: usize) {
        for job in self.hand.lay_down(most) {
            self.write_down(job.id, Outcome::Released, 0);
        }
    }

    fn places(&self) -> Places {
        let large = |running: &&Running| is_large(running.job.task.size);
        let priority = |running: &Running| running.job.task.priority;
        Places {
            all: self.current.config().service.jobs.into(),
            taken: self.running.len(),
            taken_by_large: self.running.values().filter(large).count(),
            highest: self.running.values().map(priority).max(),
        }
    }
}
