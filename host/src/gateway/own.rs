//! What the host asks for in its own name, apart from the component.

use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use sealift_network::{IdentitySource, Network, Policy, Settings};

use super::{Gateway, egress, location};
use crate::sandbox::{CallError, Credentials, Exchange, Setting};
use crate::updates::{Device, NoNetwork};

impl Gateway {
    /// A network of the host's own with this policy, so that what the host may reach is nothing that a component
    /// may. It has the device identity to show only `with_identity`.
    pub(crate) fn own_network(
        &self,
        policy: Policy,
        with_identity: bool,
    ) -> Result<Network, NoNetwork> {
        let settings = Settings::of(&self.config.network, egress::roots(&self.config))?;
        let identity: Arc<dyn IdentitySource> = self.surroundings.identity.clone();
        let identity = with_identity.then_some(identity);
        Ok(Network::new(settings, policy, identity)?)
    }

    /// How to reach buckets, in the terms of `sealift_core`.
    pub(crate) fn store(&self) -> Result<Vec<Setting>, sealift_config::Error> {
        self.config.s3().map(location::location)
    }
}

impl Device for Gateway {
    fn now(&self) -> SystemTime {
        Self::now(self)
    }

    fn answered(&self, exchange: &Exchange<'_>) {
        self.surroundings.kept.observe(exchange);
    }

    fn credentials<'a>(
        &'a self,
        rejected: Option<&'a str>,
    ) -> Pin<Box<dyn Future<Output = Result<Credentials, Arc<CallError>>> + Send + 'a>> {
        Box::pin(self.credentials_of(None, rejected))
    }
}
