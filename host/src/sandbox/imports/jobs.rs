//! `jobs`: what the host wants done.

use wasmtime::bail;
use wasmtime::component::Resource;

use super::super::bindings::sealift::gateway::jobs::{Host, HostJob};
use super::super::state::State;
use super::super::{Job, Provider, Setting};
use super::payload;

/// A job in the hands of an instance.
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Held {
    job: Job,
    taken: bool,
}

impl Held {
    pub(in super::super) fn new(job: Job) -> Self {
        Self { job, taken: false }
    }

    fn take(&mut self) -> Option<payload::Held> {
        (!std::mem::replace(&mut self.taken, true)).then(|| payload::Held {
            payload: self.job.payload.clone(),
            bytes_out_per_acquired: self.job.bytes_out_per_acquired,
        })
    }
}

impl Host for State {}

impl HostJob for State {
    fn bucket(&mut self, job: Resource<Held>) -> wasmtime::Result<String> {
        Ok(self.table.get(&job)?.job.bucket.clone())
    }

    fn key(&mut self, job: Resource<Held>) -> wasmtime::Result<String> {
        Ok(self.table.get(&job)?.job.key.clone())
    }

    fn location(&mut self, job: Resource<Held>) -> wasmtime::Result<Vec<Setting>> {
        Ok(self.table.get(&job)?.job.location.clone())
    }

    fn options(&mut self, job: Resource<Held>) -> wasmtime::Result<Vec<Setting>> {
        Ok(self.table.get(&job)?.job.options.to_vec())
    }

    fn credentials_provider(&mut self, job: Resource<Held>) -> wasmtime::Result<Provider> {
        Ok(self.table.get(&job)?.job.provider.clone())
    }

    fn payload(&mut self, job: Resource<Held>) -> wasmtime::Result<Resource<payload::Held>> {
        let Some(payload) = self.table.get_mut(&job)?.take() else {
            bail!("the payload of a job was taken twice");
        };
        Ok(self.table.push(payload)?)
    }

    fn drop(&mut self, job: Resource<Held>) -> wasmtime::Result<()> {
        self.table.delete(job)?;
        Ok(())
    }
}
