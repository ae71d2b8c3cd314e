//! `keystore`: public facts about the device.

use super::super::bindings::sealift::gateway::keystore::{DeviceIdentity, Host, Purpose};
use super::super::state::State;
use super::super::{Answer, Answered};

impl Host for State {
    fn identity(&mut self) -> wasmtime::Result<Answered<DeviceIdentity>> {
        Ok(self.services.identity())
    }

    fn sign(&mut self, purpose: Purpose, _message: Vec<u8>) -> wasmtime::Result<Answered<Vec<u8>>> {
        Ok(Err(Answer::unsupported(match purpose {
            Purpose::RolesAnywhere => "signatures for IAM Roles Anywhere",
        })))
    }
}
