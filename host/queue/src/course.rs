//! What happens to a job, without a database: each function is one arrow of the crate's picture.

use std::time::{Duration, SystemTime};

use crate::moment::whole;
use crate::{Disposal, Job, JobId, Outcome, Owner, Refusal, Stage, State, Task};

/// The longest that a job waits to be tried again. Longer delays come from a clock that was wrong, and
/// would keep a job for as long as it was wrong.
pub const LONGEST_DELAY: Duration = Duration::from_hours(1);

impl Job {
    /// A new one.
    pub(crate) fn new(id: JobId, task: Task, now: SystemTime) -> Self {
        Self {
            id,
            task,
            stage: Stage::Waiting { not_before: None },
            attempts: 0,
            failure: None,
            added: whole(now),
            last_attempt: None,
            sent: 0,
            current: true,
        }
    }

    /// It is due now, whatever it waited for.
    pub(crate) fn hasten(&mut self) {
        if let Stage::Waiting { not_before } = &mut self.stage {
            *not_before = None;
        }
    }

    /// An attempt begins.
    pub(crate) fn begin(&mut self, owner: &Owner, now: SystemTime) -> Result<(), Refusal> {
        self.expect(State::Waiting)?;
        self.attempts = self.attempts.saturating_add(1);
        self.last_attempt = Some(whole(now));
        self.stage = Stage::Running {
            owner: owner.clone(),
            cancelling: false,
        };
        Ok(())
    }

    /// An attempt, or what came after it, ended.
    pub(crate) fn settle(
        &mut self,
        outcome: Outcome,
        sent: u64,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        self.expect(outcome.follows())?;
        self.sent = self.sent.saturating_add(sent);
        let now = whole(now);
        match outcome {
            Outcome::Uploaded { receipt } => {
                self.failure = None;
                match self.task.disposal {
                    Disposal::Keep => self.end(Stage::Done {
                        receipt,
                        finished: now,
                    }),
                    Disposal::Delete | Disposal::Move(_) => {
                        self.stage = Stage::Uploaded { receipt };
                    }
                }
            }
            Outcome::Disposed => {
                self.failure = None;
                self.dispose(now);
            }
            Outcome::NotDisposed { failure } => self.failure = Some(failure),
            Outcome::Kept { failure } => {
                self.failure = Some(failure);
                self.dispose(now);
            }
            Outcome::Reopened => self.stage = Stage::Waiting { not_before: None },
            Outcome::Retry {
                failure,
                not_before,
            } => {
                self.failure = Some(failure);
                let not_before = whole(not_before.min(now + LONGEST_DELAY));
                self.wait(Some(not_before), now);
            }
            Outcome::Released => {
                self.attempts = self.attempts.saturating_sub(1);
                self.wait(None, now);
            }
            Outcome::Failed { failure } => {
                self.failure = Some(failure);
                let stage = if self.is_cancelling() {
                    Stage::Cancelled { finished: now }
                } else {
                    Stage::Failed { finished: now }
                };
                self.end(stage);
            }
            Outcome::Cancelled => self.end(Stage::Cancelled { finished: now }),
        }
        Ok(())
    }

    /// The service that had it is gone. False if it is with its owner, or with nobody.
    pub(crate) fn recover(&mut self, owner: &Owner, now: SystemTime) -> bool {
        match &self.stage {
            Stage::Running { owner: other, .. } if other != owner => {
                self.wait(None, whole(now));
                true
            }
            _ => false,
        }
    }

    /// A person wants it tried, now and as if for the first time.
    pub(crate) fn retry(&mut self) -> Result<(), Refusal> {
        match self.stage {
            Stage::Failed { .. } | Stage::Cancelled { .. } => self.attempts = 0,
            Stage::Waiting { .. } => {}
            Stage::Running { .. } | Stage::Uploaded { .. } | Stage::Done { .. } => {
                return Err(self.out_of_turn());
            }
        }
        self.stage = Stage::Waiting { not_before: None };
        Ok(())
    }

    /// A person calls it off. If it is under way, the service hears of it.
    pub(crate) fn cancel(&mut self, now: SystemTime) -> Result<(), Refusal> {
        match &mut self.stage {
            Stage::Running { cancelling, .. } => *cancelling = true,
            Stage::Waiting { .. } | Stage::Failed { .. } => self.end(Stage::Cancelled {
                finished: whole(now),
            }),
            Stage::Cancelled { .. } => {}
            Stage::Uploaded { .. } | Stage::Done { .. } => return Err(self.out_of_turn()),
        }
        Ok(())
    }

    fn expect(&self, state: State) -> Result<(), Refusal> {
        if self.state() == state {
            Ok(())
        } else {
            Err(self.out_of_turn())
        }
    }

    fn out_of_turn(&self) -> Refusal {
        Refusal::OutOfTurn {
            id: self.id,
            state: self.state(),
        }
    }

    fn is_cancelling(&self) -> bool {
        matches!(
            self.stage,
            Stage::Running {
                cancelling: true,
                ..
            }
        )
    }

    /// Back to where it waits, unless it was called off.
    fn wait(&mut self, not_before: Option<SystemTime>, now: SystemTime) {
        if self.is_cancelling() {
            self.end(Stage::Cancelled { finished: now });
        } else {
            self.stage = Stage::Waiting { not_before };
        }
    }

    fn dispose(&mut self, now: SystemTime) {
        if let Stage::Uploaded { receipt } = &self.stage {
            let receipt = receipt.clone();
            self.end(Stage::Done {
                receipt,
                finished: now,
            });
        }
    }

    /// Without a fingerprint nobody knows whether the file is another one by now, so that adding it
    /// again has to mean something.
    fn end(&mut self, stage: Stage) {
        self.current &= self.task.fingerprint.is_some();
        self.stage = stage;
    }
}
