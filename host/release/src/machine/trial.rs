//! A component on trial: some real jobs run on it, and they judge it.

use super::{
    Circumstances, Effect, Failure, Outcome, Refusal, SlotName, Stage, State, Step, Tally, Trial,
    TrialRule, Turn, Verdict,
};
use crate::{Digest, Release};

impl State {
    /// What the next job runs on. While a trial lacks jobs, on what is tried; all others run on what is settled,
    /// and so do jobs that failed on what is tried.
    pub fn turn(&self, rule: TrialRule) -> Turn {
        match &self.stage {
            Stage::Trial(trial) if trial.wants_a_job(rule) => Turn::Trial {
                slot: self.spare,
                digest: trial.release.digest,
            },
            _ => Turn::Settled(self.settled()),
        }
    }
}

impl Trial {
    /// The component.
    pub fn release(&self) -> &Release {
        &self.release
    }

    /// How its jobs ended.
    pub fn jobs(&self) -> Tally {
        self.jobs
    }

    /// How often the process died while any of them ran.
    pub fn deaths(&self) -> u32 {
        self.deaths
    }

    /// Whether so many jobs have ended as a trial asks for, so that it is to be judged.
    pub fn has_enough(&self, rule: TrialRule) -> bool {
        self.jobs.jobs() >= rule.jobs.get()
    }

    fn wants_a_job(&self, rule: TrialRule) -> bool {
        self.jobs.jobs().saturating_add(self.under_way) < rule.jobs.get()
    }
}

/// So many of a trial's jobs may fail if it is as good as what it replaces: the share of the settled component,
/// rounded up, since a few jobs cannot show a small share. Never half of them: however badly the settled one fares, a
/// component has to show that jobs go well on it.
fn allowed(rule: TrialRule, settled: Tally) -> u32 {
    if settled.failed == 0 {
        return 0;
    }
    let share = u64::from(rule.jobs.get()) * u64::from(settled.failed);
    let allowed = share.div_ceil(u64::from(settled.jobs()));
    let most = (rule.jobs.get() - 1) / 2;
    u32::try_from(allowed).unwrap_or(u32::MAX).min(most)
}

impl Step {
    pub(super) fn begin_trial(&mut self, release: Release) {
        self.effects.push(Effect::Try {
            release: release.clone(),
            slot: self.state.spare,
        });
        self.state.stage = Stage::Trial(Trial {
            release,
            jobs: Tally::default(),
            under_way: 0,
            deaths: 0,
        });
    }

    /// A process has begun and finds a trial. If jobs were under way, the one before it died with them.
    pub(super) fn trial_goes_on(&mut self, circumstances: &Circumstances) {
        let Stage::Trial(trial) = &mut self.state.stage else {
            return;
        };
        if trial.under_way > 0 {
            trial.deaths = trial.deaths.saturating_add(1);
            trial.under_way = 0;
        }
        if trial.deaths >= circumstances.trial.deaths.get() {
            self.roll_back(Failure::Died);
            return;
        }
        let release = trial.release.clone();
        let slot = self.state.spare;
        self.effects.push(Effect::Try { release, slot });
    }

    /// Taken down before the job begins, so that a death of the process is known for one of its jobs.
    pub(super) fn trial_job_began(
        &mut self,
        digest: Digest,
        circumstances: &Circumstances,
    ) -> Result<(), Refusal> {
        match &mut self.state.stage {
            Stage::Trial(trial)
                if trial.release.digest == digest && trial.wants_a_job(circumstances.trial) =>
            {
                trial.under_way += 1;
                Ok(())
            }
            _ => Err(Refusal::NoTurn { digest }),
        }
    }

    pub(super) fn trial_job_ended(
        &mut self,
        digest: Digest,
        verdict: Verdict,
        circumstances: &Circumstances,
    ) {
        let Stage::Trial(trial) = &mut self.state.stage else {
            return;
        };
        // Without a job under way it is one of an earlier process, which has been counted as a death.
        if trial.release.digest != digest || trial.under_way == 0 {
            return;
        }
        trial.under_way -= 1;
        match verdict {
            Verdict::Succeeded => {
                trial.jobs.succeeded += 1;
                // What does its work between two losses of power does not bring the process down.
                trial.deaths = 0;
            }
            Verdict::Failed => trial.jobs.failed += 1,
            Verdict::Inconclusive => return,
            Verdict::Trapped { note } => return self.roll_back(Failure::Trapped { note }),
            Verdict::TimedOut => return self.roll_back(Failure::TimedOut),
            Verdict::OverLimits { note } => return self.roll_back(Failure::OverLimits { note }),
            Verdict::Unproven => return self.roll_back(Failure::Unproven),
        }
        self.judge_trial(circumstances);
    }

    /// Ends the trial if its jobs show enough: as many as are asked for now, which a new configuration may have changed.
    pub(super) fn judge_trial(&mut self, circumstances: &Circumstances) {
        let Stage::Trial(trial) = &self.state.stage else {
            return;
        };
        let jobs = trial.jobs;
        let allowed = allowed(circumstances.trial, circumstances.settled);
        if jobs.failed > allowed {
            self.roll_back(Failure::ErrorRate {
                failed: jobs.failed,
                allowed,
                jobs: circumstances.trial.jobs.get(),
            });
        } else if trial.has_enough(circumstances.trial) {
            self.commit();
        }
    }

    fn commit(&mut self) {
        let Stage::Trial(Trial { release, .. }) = std::mem::take(&mut self.state.stage) else {
            return;
        };
        let previous = self.state.committed.replace(release.clone());
        self.state.stage = Stage::Idle { previous };
        self.state.spare = self.state.spare.other();
        let version = release.version();
        if self
            .state
            .watermark
            .as_ref()
            .is_none_or(|mark| mark < version)
        {
            self.state.watermark = Some(version.clone());
        }
        self.run();
        self.conclude(&release, Outcome::Committed);
    }

    /// What is on trial failed. It has ended only when what was settled runs, or cannot.
    pub(super) fn roll_back(&mut self, failure: Failure) {
        let Some(release) = self.state.stage.release().cloned() else {
            return;
        };
        self.blame(&release, &failure);
        self.state.stage = Stage::RollingBack { release, failure };
        self.run();
    }

    pub(super) fn brought_back(&mut self) {
        let Stage::RollingBack { release, failure } = &self.state.stage else {
            return;
        };
        let (release, failure) = (release.clone(), failure.clone());
        self.state.stage = Stage::default();
        self.discard();
        self.conclude(&release, Outcome::FailedAndRolledBack { failure });
    }

    pub(super) fn damaged(&mut self, slot: SlotName) {
        if slot == self.state.spare {
            self.spare_damaged();
        } else if self.state.committed.is_some() {
            self.committed_damaged();
        }
    }

    fn spare_damaged(&mut self) {
        match &self.state.stage {
            Stage::Idle { .. } => {
                self.state.stage = Stage::default();
                self.discard();
            }
            Stage::Downloading { release } => {
                let release = release.clone();
                let slot = self.state.spare;
                self.discard();
                self.effects.push(Effect::Download { release, slot });
            }
            Stage::Verified { .. } | Stage::Staged { .. } => self.end(Failure::DamagedOnDisk),
            Stage::Trial(_) => self.roll_back(Failure::DamagedOnDisk),
            Stage::RollingBack { .. } => {}
        }
    }

    /// Survival comes before the watermark: what ran before it, else the factory component.
    fn committed_damaged(&mut self) {
        let damaged = self.state.spare.other();
        self.state.committed = None;
        match std::mem::take(&mut self.state.stage) {
            Stage::Idle {
                previous: Some(previous),
            } => {
                self.state.committed = Some(previous);
                self.state.spare = damaged;
            }
            Stage::RollingBack { release, failure } => {
                self.discard();
                self.conclude(&release, Outcome::FailedAndUnableToRollBack { failure });
            }
            under_way => self.state.stage = under_way,
        }
        self.effects.push(Effect::Discard { slot: damaged });
        self.run();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_trial_may_fail_as_often_as_what_it_replaces_and_no_more() {
        let rule = TrialRule {
            jobs: 10.try_into().unwrap(),
            deaths: 3.try_into().unwrap(),
        };
        let allowed = |succeeded, failed| allowed(rule, Tally { succeeded, failed });
        assert_eq!(allowed(0, 0), 0);
        assert_eq!(allowed(1000, 0), 0);
        assert_eq!(allowed(999, 1), 1);
        assert_eq!(allowed(80, 20), 2);
        assert_eq!(allowed(0, u32::MAX), 4);
        assert_eq!(allowed(u32::MAX, u32::MAX), 4);
    }
}
