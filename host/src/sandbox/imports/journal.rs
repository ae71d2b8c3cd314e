//! `journal` and `hints`: what outlives an instance. This host keeps neither yet, and says so.

use super::super::bindings::sealift::gateway::{hints, journal};
use super::super::state::State;
use super::super::{Answer, Answered};

impl journal::Host for State {
    fn load(&mut self) -> wasmtime::Result<Answered<Vec<Vec<u8>>>> {
        Ok(Err(Answer::unsupported("a journal")))
    }

    fn append(&mut self, _entry: Vec<u8>) -> wasmtime::Result<Answered<()>> {
        Ok(Err(Answer::unsupported("a journal")))
    }

    fn reset(&mut self) -> wasmtime::Result<Answered<()>> {
        Ok(Err(Answer::unsupported("a journal")))
    }
}

impl hints::Host for State {
    fn get(&mut self, _name: String) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }

    fn put(
        &mut self,
        _name: String,
        _value: String,
        _seconds: u64,
    ) -> wasmtime::Result<Answered<()>> {
        Ok(Err(Answer::unsupported("hints")))
    }
}
