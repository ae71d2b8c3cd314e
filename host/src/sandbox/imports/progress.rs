//! `progress`: how a job looks from outside.

use super::super::bindings::sealift::gateway::progress::Host;
use super::super::state::{STEPS, State};
use super::super::text::plain_step;
use super::super::{Directive, Step};

impl Host for State {
    fn report(&mut self, step: Step) -> wasmtime::Result<Directive> {
        self.steps += 1;
        if self.steps > STEPS {
            return Ok(Directive::GoOn);
        }
        Ok(self.services.step(plain_step(step)))
    }
}
