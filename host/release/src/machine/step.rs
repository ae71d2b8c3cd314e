//! One event after another.

use super::{
    Choice, Circumstances, Conclusion, Effect, Event, Failure, MOST_CHECKS, Outcome, Refusal,
    Stage, State, Window, admission,
};
use crate::{Digest, Release};

/// What an event leads to. The state is to be on disk before the effects are carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is so from now on.
    pub state: State,
    /// What to do, in this order.
    pub effects: Vec<Effect>,
}

impl State {
    /// What the event leads to. What is refused changes nothing.
    pub fn step(&self, event: Event, circumstances: &Circumstances) -> Result<Step, Refusal> {
        let mut step = Step {
            state: self.clone(),
            effects: Vec::new(),
        };
        match event {
            Event::Started => step.started(circumstances),
            Event::Offered { releases, by } => step.offered(releases, by, circumstances)?,
            Event::Downloaded { digest } => step.downloaded(digest),
            Event::NotDownloaded { digest, note } => {
                if step.is_downloading(digest) {
                    step.end(Failure::Unavailable { note });
                }
            }
            Event::Checked { digest } => step.checked(digest, circumstances),
            Event::CheckFailed { digest, failure } => {
                if step.is_verified(digest) {
                    step.end(failure);
                }
            }
            Event::Reconsider => step.reconsider(circumstances),
            Event::TrialJobBegan { digest } => step.trial_job_began(digest, circumstances)?,
            Event::TrialJobEnded { digest, verdict } => {
                step.trial_job_ended(digest, verdict, circumstances);
            }
            Event::BroughtBack => step.brought_back(),
            Event::Damaged { slot } => step.damaged(slot),
            Event::Told { digest } => {
                step.state.told |= self.last.as_ref().is_some_and(|last| last.digest == digest);
            }
            Event::Hold => step.state.hold = true,
            Event::Release => {
                step.state.hold = false;
                step.reconsider(circumstances);
            }
            Event::Pin { version } => step.pin(version),
            Event::Unpin => step.state.pin = None,
            Event::RollBack { to } => step.back_by_hand(to)?,
        }
        Ok(step)
    }
}

impl Step {
    fn started(&mut self, circumstances: &Circumstances) {
        self.run();
        if let Some(last) = self.state.untold().cloned() {
            self.effects.push(Effect::Report(last));
        }
        match &self.state.stage {
            Stage::Idle { .. } | Stage::RollingBack { .. } => {}
            Stage::Downloading { .. } | Stage::Staged { .. } => self.reconsider(circumstances),
            Stage::Verified { release, checks } => {
                let (release, checks) = (release.clone(), *checks);
                self.check_again(release, checks);
            }
            Stage::Trial(_) => self.trial_goes_on(circumstances),
        }
    }

    fn downloaded(&mut self, digest: Digest) {
        if let Stage::Downloading { release } = &self.state.stage
            && release.digest == digest
        {
            let release = release.clone();
            self.check_again(release, 0);
        }
    }

    /// The check is counted before it is begun, since it may bring the process down.
    pub(super) fn check_again(&mut self, release: Release, checks: u32) {
        if checks >= MOST_CHECKS {
            self.end(Failure::DiedInCheck);
            return;
        }
        self.effects.push(Effect::Check {
            release: release.clone(),
            slot: self.state.spare,
        });
        self.state.stage = Stage::Verified {
            release,
            checks: checks + 1,
        };
    }

    fn checked(&mut self, digest: Digest, circumstances: &Circumstances) {
        if let Stage::Verified { release, .. } = &self.state.stage
            && release.digest == digest
        {
            self.state.stage = Stage::Staged {
                release: release.clone(),
            };
            self.reconsider(circumstances);
        }
    }

    pub(super) fn reconsider(&mut self, circumstances: &Circumstances) {
        match &self.state.stage {
            Stage::Downloading { release } => self.effects.push(Effect::Download {
                release: release.clone(),
                slot: self.state.spare,
            }),
            Stage::Staged { release } => {
                // The configuration may be another one than when it was offered.
                if admission::runnable(release, circumstances).is_err() {
                    self.end(Failure::Abandoned);
                } else if circumstances.window == Window::Open && !self.state.hold {
                    let release = release.clone();
                    self.begin_trial(release);
                }
            }
            Stage::Trial(_) => self.judge_trial(circumstances),
            Stage::Idle { .. } | Stage::Verified { .. } | Stage::RollingBack { .. } => {}
        }
    }

    fn is_downloading(&self, digest: Digest) -> bool {
        matches!(&self.state.stage, Stage::Downloading { release } if release.digest == digest)
    }

    fn is_verified(&self, digest: Digest) -> bool {
        matches!(&self.state.stage, Stage::Verified { release, .. } if release.digest == digest)
    }

    /// What is on its way came to nothing, before any job ran on it.
    pub(super) fn end(&mut self, failure: Failure) {
        let Some(release) = self.state.stage.release().cloned() else {
            return;
        };
        self.blame(&release, &failure);
        self.state.stage = Stage::default();
        self.discard();
        self.conclude(&release, Outcome::FailedWithoutRollback { failure });
    }

    pub(super) fn blame(&mut self, release: &Release, failure: &Failure) {
        if failure.is_the_components() {
            self.state.failed.add(release.digest);
        }
    }

    pub(super) fn conclude(&mut self, release: &Release, outcome: Outcome) {
        let conclusion = Conclusion::of(release, outcome);
        self.state.last = Some(conclusion.clone());
        self.state.told = false;
        self.effects.push(Effect::Report(conclusion));
    }

    /// Says what new jobs run on.
    pub(super) fn run(&mut self) {
        let settled: Choice = self.state.settled();
        self.effects.push(Effect::Run(settled));
    }

    /// Empties the spare slot.
    pub(super) fn discard(&mut self) {
        let slot = self.state.spare;
        self.effects.push(Effect::Discard { slot });
    }
}
