//! `progress`: how a job looks from outside.

use super::super::bindings::sealift::gateway::progress::Host;
use super::super::state::State;
use super::super::{Directive, Step};

impl Host for State {
    fn report(&mut self, step: Step) -> wasmtime::Result<Directive> {
        Ok(self.services.step(step))
    }
}
