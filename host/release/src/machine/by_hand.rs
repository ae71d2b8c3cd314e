//! What people want.

use semver::Version;

use super::{Effect, Failure, Outcome, Refusal, RollBackTo, Stage, Step};

impl Step {
    /// What is on its way under another version is given up.
    pub(super) fn pin(&mut self, version: Version) {
        let other = self
            .state
            .stage
            .release()
            .is_some_and(|release| *release.version() != version);
        self.state.pin = Some(version);
        match &self.state.stage {
            Stage::Downloading { .. } | Stage::Verified { .. } | Stage::Staged { .. } if other => {
                self.end(Failure::Abandoned);
            }
            Stage::Trial(_) if other => self.roll_back(Failure::Abandoned),
            _ => {}
        }
    }

    /// What a person leaves behind is not taken again by itself, or the next look at the repository would
    /// bring it back.
    pub(super) fn back_by_hand(&mut self, to: RollBackTo) -> Result<(), Refusal> {
        match (to, &self.state.stage) {
            (RollBackTo::Previous, Stage::Trial(_)) => self.roll_back(Failure::ByHand),
            (RollBackTo::Previous, Stage::Idle { previous: Some(_) }) => self.back_to_previous(),
            // Before the first release came the factory's component.
            (RollBackTo::Previous, Stage::Idle { previous: None }) | (RollBackTo::Factory, _) => {
                self.back_to_factory()?;
            }
            (RollBackTo::Previous, _) => return Err(Refusal::NothingBefore),
        }
        Ok(())
    }

    /// What is being brought back is the factory's component then. The trial's end is still to come.
    fn factory_while_rolling_back(&mut self) -> Result<(), Refusal> {
        let left = self.state.committed.take().ok_or(Refusal::FactoryRuns)?;
        self.state.failed.add(left.digest);
        let slot = self.state.spare.other();
        self.effects.push(Effect::Discard { slot });
        self.run();
        Ok(())
    }

    fn back_to_previous(&mut self) {
        let Stage::Idle { previous } = std::mem::take(&mut self.state.stage) else {
            return;
        };
        let left = std::mem::replace(&mut self.state.committed, previous);
        self.state.spare = self.state.spare.other();
        self.run();
        self.discard();
        if let Some(left) = left {
            self.state.failed.add(left.digest);
            let failure = Failure::ByHand;
            self.conclude(&left, Outcome::FailedAndRolledBack { failure });
        }
    }

    fn back_to_factory(&mut self) -> Result<(), Refusal> {
        if matches!(&self.state.stage, Stage::RollingBack { .. }) {
            return self.factory_while_rolling_back();
        }
        let tried = matches!(&self.state.stage, Stage::Trial(_));
        let Some(left) = self.state.committed.take() else {
            if tried {
                self.roll_back(Failure::ByHand);
                return Ok(());
            }
            return Err(Refusal::FactoryRuns);
        };
        self.state.failed.add(left.digest);
        let failure = Failure::ByHand;
        if tried {
            self.roll_back(failure.clone());
        } else {
            self.end(Failure::Abandoned);
            self.run();
        }
        if matches!(&self.state.stage, Stage::Idle { .. }) {
            self.state.stage = Stage::default();
            self.discard();
        }
        let slot = self.state.spare.other();
        self.effects.push(Effect::Discard { slot });
        self.conclude(&left, Outcome::FailedAndRolledBack { failure });
        Ok(())
    }
}
