//! `keystore`: public facts about the device, and signatures for a purpose.

use std::sync::Arc;

use super::super::Answered;
use super::super::bindings::sealift::gateway::keystore::{DeviceIdentity, Host, Purpose};
use super::super::state::State;

impl Host for State {
    fn identity(&mut self) -> wasmtime::Result<Answered<DeviceIdentity>> {
        Ok(self.services.identity())
    }

    async fn sign(
        &mut self,
        purpose: Purpose,
        message: Vec<u8>,
    ) -> wasmtime::Result<Answered<Vec<u8>>> {
        let _busy = self.egress.usage().busy();
        let services = Arc::clone(&self.services);
        Ok(services.sign(purpose, message).await)
    }
}
