//! What has to come of a fault.

use localcloud::Operation;

use super::scenario::{Scenario, usual};
use super::specs::Effect;
use super::trial::{Frequency, Trial};

/// Attempts of a request, unless the user says otherwise.
const ATTEMPTS: u64 = 3;

/// The outcome of a trial.
#[derive(Debug)]
pub struct Expected {
    pub status: i32,
    /// Whether the object is there.
    pub made: bool,
    /// Uploads that are left until the next run.
    pub left: u64,
    /// Requests for the operation, at most.
    pub most: u64,
    /// Requests that carry parts, at most.
    pub parts: u64,
    /// Whether the user reads what was wrong.
    pub told: bool,
}

impl Expected {
    pub fn of(trial: &Trial) -> Self {
        let status = trial.status();
        Self {
            status,
            made: trial.makes_an_object(),
            left: trial.leaves(),
            most: trial.requests(),
            parts: trial.parts(),
            told: status != 0,
        }
    }

    /// Whether what was seen is what was wanted.
    pub fn is(&self, wanted: &Self) -> bool {
        (self.status, self.made, self.left) == (wanted.status, wanted.made, wanted.left)
            && self.most <= wanted.most
            && self.parts <= wanted.parts
            && (self.told || !wanted.told)
    }
}

impl Trial {
    /// What the user learns: done, refused for good, or worth another run.
    fn status(&self) -> i32 {
        if self.can_be_done_without() {
            return 0;
        }
        match (self.spec.effect, self.frequency) {
            (Effect::Lasting, _) => 1,
            (Effect::Harmless | Effect::SetAhead | Effect::SetBack, _) | (_, Frequency::Once) => 0,
            (Effect::Passing | Effect::Unheard, Frequency::Always) => 75,
            (Effect::Expired, Frequency::Always) => 1,
            // Only what takes bytes tells of them, and a completion shows what became of it.
            (Effect::Corrupt, Frequency::Always) => i32::from(matches!(
                self.operation,
                Operation::PutObject | Operation::UploadPart
            )),
        }
    }

    /// Requests that only save work, or clear up.
    fn can_be_done_without(&self) -> bool {
        match self.operation {
            Operation::HeadObject => true,
            // The journal is trusted where the role may not list parts, and where the store cannot.
            Operation::ListParts => {
                matches!(self.spec.effect, Effect::Lasting | Effect::Corrupt)
                    || self.spec.told == "InternalError"
            }
            _ => self.clears_up(),
        }
    }

    /// Whether the request is for what an earlier run left behind.
    fn clears_up(&self) -> bool {
        match self.operation {
            Operation::ListMultipartUploads => self.scenario == Scenario::Stray,
            Operation::AbortMultipartUpload => self.scenario != Scenario::Abort,
            _ => false,
        }
    }

    fn is_carried_out(&self) -> bool {
        matches!(self.spec.effect, Effect::Unheard | Effect::Corrupt)
    }

    /// What is carried out and badly answered leaves an object too.
    fn makes_an_object(&self) -> bool {
        let is_made = matches!(
            self.operation,
            Operation::PutObject | Operation::CompleteMultipartUpload
        );
        let is_there = self.status() == 0
            || self.scenario == Scenario::Skip
            || (is_made && self.is_carried_out());
        self.scenario.makes_an_object() && is_there
    }

    fn leaves(&self) -> u64 {
        let effect = self.spec.effect;
        let lasts = effect == Effect::Lasting || self.frequency == Frequency::Always;
        let fails = self.status() != 0;
        match self.operation {
            // One for each attempt that nobody heard of.
            Operation::CreateMultipartUpload if fails && self.is_carried_out() => self.attempts(),
            // The next run goes on with it.
            Operation::UploadPart | Operation::ListParts if fails => 1,
            Operation::CompleteMultipartUpload if fails && !self.is_carried_out() => 1,
            Operation::AbortMultipartUpload if lasts && effect.keeps_from_being_carried_out() => 1,
            Operation::ListMultipartUploads if lasts && effect.keeps_from_being_heard() => 1,
            // By the clock of that answer, what was begun was begun in the future.
            Operation::ListMultipartUploads if self.scenario == Scenario::Abort => {
                u64::from(effect == Effect::SetBack)
            }
            _ => self.scenario.leaves(),
        }
    }

    fn requests(&self) -> u64 {
        // What could not be cleared up is tried once more when the object is there.
        let rounds = if self.clears_up() { 2 } else { 1 };
        usual(self.scenario, self.operation) * self.attempts() * rounds
    }

    fn parts(&self) -> u64 {
        let usual = |scenario| usual(scenario, Operation::UploadPart);
        match (self.operation, self.spec.effect) {
            // Parts that follow a wrong clock are sent again.
            (Operation::UploadPart, _) | (_, Effect::SetAhead | Effect::SetBack) => {
                usual(self.scenario) * self.attempts()
            }
            // What is listed with another checksum is not trusted.
            (Operation::ListParts, Effect::Corrupt) => usual(Scenario::Parts),
            _ => usual(self.scenario),
        }
    }

    /// Attempts of one request.
    fn attempts(&self) -> u64 {
        match (self.spec.effect, self.frequency) {
            (Effect::Lasting, _) => 1,
            (_, Frequency::Once) => 2,
            (_, Frequency::Always) => ATTEMPTS,
        }
    }
}
