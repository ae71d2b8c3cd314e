//! `vault` and the shared `types`: credentials from the host's cache.

use std::sync::Arc;

use super::super::bindings::sealift::gateway::types::{self, AwsCredentials};
use super::super::bindings::sealift::gateway::vault::Host;
use super::super::state::State;
use super::super::{Answered, Provider};

impl types::Host for State {}

impl Host for State {
    async fn credentials(
        &mut self,
        provider: Provider,
        rejected: Option<String>,
    ) -> wasmtime::Result<Answered<AwsCredentials>> {
        let _busy = self.egress.usage().busy();
        let services = Arc::clone(&self.services);
        let credentials = services.credentials(provider, rejected).await;
        Ok(credentials.map(|credentials| credentials.lend()))
    }
}
