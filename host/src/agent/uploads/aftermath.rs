//! What comes after an attempt: it is written down, and the file dealt with.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sealift_queue::{Job, JobId, Outcome, Receipt, Settlement, State};
use sealift_watch::Fingerprint;
use tokio::time::{Instant, sleep};

use super::super::attempt::Ended;
use super::super::backoff::{ATTEMPTS, RESTARTS};
use super::super::bell::Bell;
use super::super::desk::{Desk, told};
use super::super::disposal::dispose_of;
use super::super::figures::{End, Figures};
use super::super::standing::Known;
use super::super::verdict::{Pause, Verdict};
use super::held::Held;
use super::stuck::{Leftover, Stuck};
use crate::gateway::Gateway;
use crate::updates::{RanOn, Releases};

/// What it needs of the rest.
#[derive(Clone)]
pub(super) struct Aftermath {
    pub(super) desk: Desk,
    pub(super) figures: Figures,
    pub(super) current: Arc<Gateway>,
    pub(super) releases: Arc<Releases>,
    pub(super) held: Held,
    pub(super) stuck: Stuck,
    pub(super) standing: Known,
    pub(super) bell: Bell,
}

/// An object that is there.
pub(super) struct Stored {
    pub(super) job: Job,
    pub(super) receipt: Receipt,
    /// Which version of the file was uploaded.
    pub(super) uploaded: Fingerprint,
}

impl Aftermath {
    /// An attempt came to its end.
    pub(super) async fn of_attempt(self, job: Job, ended: Ended, sent: u64) {
        match ended {
            Ended::Stored {
                receipt,
                uploaded,
                on,
            } => {
                let stored = Stored {
                    job,
                    receipt,
                    uploaded,
                };
                match on {
                    RanOn::Settled => self.of_upload(stored, sent).await,
                    RanOn::Trial(by) => self.of_tried(stored, by, sent).await,
                }
            }
            Ended::NotStored { verdict, .. } => {
                let (outcome, end) = outcome(&job, verdict);
                self.settle(job.id, outcome, sent).await;
                if end == End::Superseded {
                    self.call_off(job.id).await;
                }
                self.figures.ended(end);
            }
        }
    }

    async fn of_upload(&self, stored: Stored, sent: u64) {
        if let Some((job, uploaded)) = self.write_down(stored, sent).await {
            self.of_stored(Leftover::of(job, Some(uploaded))).await;
        }
    }

    /// Writes it down that the object is there; the file, if it is still to be dealt with.
    pub(super) async fn write_down(&self, stored: Stored, sent: u64) -> Option<(Job, Fingerprint)> {
        let Stored {
            job,
            receipt,
            uploaded,
        } = stored;
        tracing::info!(
            job = job.id.number(),
            "uploaded {} to s3://{}/{}",
            job.task.source.as_path().display(),
            job.task.target.bucket(),
            job.task.target.key()
        );
        let state = self
            .settle(job.id, Outcome::Uploaded { receipt }, sent)
            .await;
        self.figures.ended(End::Uploaded);
        (state == Some(State::Uploaded)).then_some((job, uploaded))
    }

    /// Calls a job off whose file is another one or gone. Its failure stays with it: should the very same
    /// file be found again, since a disk was away for a while, it is uploaded after all.
    async fn call_off(&self, id: JobId) {
        let cancel = self
            .desk
            .ask(move |queue| queue.cancel(&[id], SystemTime::now()));
        if let Err(error) = cancel.await {
            // It is tried again, and ends like this time.
            told(&error);
        }
    }

    /// The object is there, and that is written down; the file is still to be dealt with.
    pub(super) async fn of_stored(&self, leftover: Leftover) {
        let id = leftover.job.id;
        let (current, file) = (Arc::clone(&self.current), leftover.clone());
        let dispose = move || dispose_of(&file.job, file.uploaded, &current.config().watch);
        match tokio::task::spawn_blocking(dispose).await {
            Ok(outcome) => {
                let is_stuck = matches!(outcome, Outcome::NotDisposed { .. });
                self.settle(id, outcome, 0).await;
                if is_stuck && !self.stuck.add(leftover, Instant::now()) {
                    tracing::warn!(job = id.number(), "its file stays until the next start");
                }
            }
            // The next start looks at it again.
            Err(error) => tracing::error!(job = id.number(), "cannot deal with the file: {error}"),
        }
    }

    /// Files that could not be dealt with before.
    pub(super) async fn of_stuck(self, leftovers: Vec<Leftover>) {
        for leftover in leftovers {
            self.of_stored(leftover).await;
        }
    }

    /// Writes it down, and tries again for as long as the queue cannot: the disk is full, say. The job's
    /// new state, if there is still such a job.
    pub(super) async fn settle(&self, id: JobId, outcome: Outcome, sent: u64) -> Option<State> {
        let settlement = Settlement { id, outcome, sent };
        let mut tries = 0;
        loop {
            match self.desk.settle(settlement.clone()).await {
                Ok(Ok(state)) => return Some(state),
                Ok(Err(refusal)) => {
                    tracing::warn!(
                        job = id.number(),
                        "cannot write down how it ended: {refusal}"
                    );
                    return None;
                }
                Err(error) => {
                    told(&error);
                    tries += 1;
                    sleep(RESTARTS.random_delay(tries)).await;
                }
            }
        }
    }
}

/// What is written down, and what is told, of a job whose object is not there.
fn outcome(job: &Job, verdict: Verdict) -> (Outcome, End) {
    let id = job.id.number();
    let path = job.task.source.as_path().display();
    match verdict {
        Verdict::Retry { failure, pause } => {
            let wait = match pause {
                Pause::Backoff(least) => ATTEMPTS.random_delay(job.attempts).max(least),
                Pause::All(pause) => pause,
            };
            let wait = wait.min(sealift_queue::LONGEST_DELAY);
            tracing::warn!(
                job = id,
                "{path} is not uploaded yet: {}; next try in {:.1?}",
                failure.message(),
                wait
            );
            let not_before = SystemTime::now() + wait.max(Duration::from_millis(1));
            let outcome = Outcome::Retry {
                failure,
                not_before,
            };
            (outcome, End::Retried)
        }
        Verdict::Failed { failure } => {
            tracing::error!(
                job = id,
                "{path} is not uploaded: {}; `sealift queue retry {id}` tries again",
                failure.message()
            );
            (Outcome::Failed { failure }, End::Failed)
        }
        Verdict::Superseded { failure } => {
            tracing::info!(
                job = id,
                "{path} is left to its watcher: {}",
                failure.message()
            );
            let not_before = SystemTime::now() + sealift_queue::LONGEST_DELAY;
            let outcome = Outcome::Retry {
                failure,
                not_before,
            };
            (outcome, End::Superseded)
        }
        Verdict::Cancelled => {
            tracing::info!(job = id, "{path} was called off");
            (Outcome::Cancelled, End::Cancelled)
        }
    }
}
