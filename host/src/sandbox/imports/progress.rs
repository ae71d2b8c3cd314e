//! `progress`: how a job looks from outside.

use super::super::bindings::sealift::gateway::progress::Host;
use super::super::error::RetriesSpent;
use super::super::state::{STEPS, State};
use super::super::text::plain_step;
use super::super::{Directive, Failure, Step};

impl Host for State {
    fn report(&mut self, step: Step) -> wasmtime::Result<Directive> {
        let step = plain_step(step);
        if let Step::Retrying(retry) = &step {
            let failure = match self.egress.usage().failure() {
                Some(_) => Failure::Unanswered,
                None => Failure::Answered,
            };
            // Told to stop, a component gives up what it has stored so far. A job that has only run
            // out of retries is ended instead, and goes on from its journal another time.
            self.services
                .retry(failure)
                .map_err(|_| RetriesSpent(retry.reason.clone()))?;
        }
        self.steps += 1;
        if self.steps > STEPS {
            return Ok(Directive::GoOn);
        }
        Ok(self.services.step(step))
    }
}
