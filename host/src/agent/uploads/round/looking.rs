//! What is looked at from time to time: bytes that were sent, and what other processes did to the queue.

use std::time::SystemTime;

use sealift_queue::{Counts, JobId, Outcome};
use time::Date;
use tokio::time::Instant;

use super::{Round, Running, spent};
use crate::agent::budget::{self, Spent};
use crate::agent::desk::told;

/// What was seen of the queue.
struct Looked {
    changed: bool,
    called_off: Vec<JobId>,
    spent: Option<Spent>,
    counts: Option<Counts>,
}

impl Round {
    /// Looks what other processes did, and writes down what was sent.
    pub(in crate::agent::uploads) async fn look(&mut self) {
        self.dispose_again(self.stuck.due(Instant::now()));
        for running in self.running.values() {
            let bytes = running.meter.unaccounted();
            self.gates.spend(bytes);
            self.unrecorded += bytes;
            self.parts.figures.sent(bytes);
        }
        let sent = std::mem::take(&mut self.unrecorded);
        let now = SystemTime::now();
        let day = budget::day(now);
        let is_stale = self.gates.is_stale(now);
        let uncounted = self.uncounted;
        let looked = self.parts.desk.ask(move |queue| {
            if sent > 0 {
                queue.record_sent(day, sent)?;
            }
            let changed = queue.changed_elsewhere()?;
            // It takes a while where there are very many.
            let count = changed || uncounted;
            Ok(Looked {
                changed,
                called_off: queue.cancel_requested()?,
                spent: is_stale.then(|| spent(queue, day)).transpose()?,
                counts: count.then(|| queue.counts()).transpose()?,
            })
        });
        match looked.await {
            Ok(looked) => self.seen(looked, day),
            Err(error) => {
                self.unrecorded += sent;
                told(&error);
            }
        }
    }

    fn seen(&mut self, looked: Looked, day: Date) {
        if let Some(spent) = looked.spent {
            self.gates.account(spent, day);
        }
        if let Some(counts) = looked.counts {
            self.parts.figures.counted(&counts);
            self.uncounted = !self.running.is_empty();
        }
        self.parts.figures.link(self.gates.link_is_up());
        for id in looked.called_off {
            self.call_off(id);
        }
        if looked.changed {
            self.new_jobs();
        }
    }

    /// Somebody called a job off.
    fn call_off(&mut self, id: JobId) {
        if let Some(job) = self.hand.remove(|job| job.id == id) {
            self.write_down(job.id, Outcome::Cancelled, 0);
        }
        let of_job = |running: &&mut Running| running.job.id == id;
        if let Some(running) = self.running.values_mut().find(of_job) {
            // First it is asked, so that it clears away what it began; at the next look it is ended.
            if running.called_off {
                running.handle.abort();
            }
            running.called_off = true;
            running.meter.cancel();
        }
    }
}
