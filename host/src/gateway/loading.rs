//! From bytes to a component that works for a gateway.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sealift_config::Config;
use sealift_network::Network;
use sealift_release::{Directory, Release, Settled, Store, StoreError};
use sealift_state::StateDirectory;

use super::opening::OpenError;
use super::plugin::Plugin;
use super::roles::Role;
use super::{Gateway, Unobserved, egress};
use crate::sandbox::{CallError, Sandbox};
use crate::{factory, report};

/// A dry run takes milliseconds; a component that waits for something in it has this long.
const PROBE: Duration = Duration::from_secs(30);

/// What components are loaded into.
pub(super) struct Loader<'a> {
    pub(super) sandbox: &'a Sandbox,
    pub(super) config: &'a Config,
    pub(super) network: &'a Network,
}

impl Loader<'_> {
    /// The component in a file that somebody named.
    pub(super) fn file(&self, path: &Path) -> Result<Plugin, OpenError> {
        let bytes = std::fs::read(path).map_err(|source| OpenError::ReadComponent {
            path: path.to_owned(),
            source,
        })?;
        self.plugin(&bytes, None)
    }

    /// What is committed in the state directory; where there is nothing that can be used, the component that this
    /// host was built with. A device that uploads with an old component is better off than one that does not.
    pub(super) fn settled(&self, state: Option<&StateDirectory>) -> Result<Plugin, OpenError> {
        match state.map(committed).transpose() {
            Ok(Some(Settled::Component { release, bytes })) => {
                match self.plugin(&bytes, Some(*release)) {
                    Err(OpenError::Component(error)) => tell(&error),
                    loaded => return loaded,
                }
            }
            Ok(Some(Settled::Factory) | None) => {}
            Err(error) => tell(&error),
        }
        self.plugin(factory::COMPONENT, None)
    }

    pub(super) fn plugin(
        &self,
        bytes: &[u8],
        release: Option<Release>,
    ) -> Result<Plugin, OpenError> {
        let policy = egress::policy(self.config, release.as_ref())?;
        let component = self.sandbox.load(bytes)?;
        Ok(Plugin::new(
            component,
            self.network.with_policy(policy),
            release,
        ))
    }
}

fn committed(state: &StateDirectory) -> Result<Settled, StoreError> {
    let store = Store::new(Directory::new(state.path().to_owned()));
    let (settled, damage) = store.settled()?;
    for damage in damage {
        tell(&damage);
    }
    Ok(settled)
}

fn tell(error: &dyn std::error::Error) {
    tracing::warn!(error = %report::chain(error), "the committed component cannot be used; another one runs");
}

impl Gateway {
    /// What jobs run on.
    pub fn settled(&self) -> Plugin {
        self.lineup.settled()
    }

    /// What is tried with some of the jobs.
    pub fn on_trial(&self) -> Option<Plugin> {
        self.lineup.on_trial()
    }

    /// Jobs that begin from now on run on these; those under way end on what they began on.
    pub fn run_on(&self, settled: Plugin, on_trial: Option<Plugin>) {
        self.lineup.set(settled, on_trial);
    }

    /// The component that this host was built with. Blocks while it is compiled.
    pub fn factory(&self) -> Result<Plugin, OpenError> {
        self.loader().plugin(factory::COMPONENT, None)
    }

    /// Makes a component of the bytes of a release: compiled, and compared with its world. Blocks while it is
    /// compiled.
    pub fn load(&self, bytes: &[u8], release: Release) -> Result<Plugin, OpenError> {
        self.loader().plugin(bytes, Some(release))
    }

    /// Has a component run dry, without a network (`plugin.probe`).
    pub async fn probe(&self, plugin: &Plugin) -> Result<(), CallError> {
        let plugin = plugin.locked_in();
        let services = self.services_of(
            plugin.clone(),
            Role::main(&self.config),
            Arc::new(Unobserved),
        );
        plugin
            .component
            .probe(&plugin.network, services, PROBE)
            .await
    }

    fn loader(&self) -> Loader<'_> {
        Loader {
            sandbox: &self.sandbox,
            config: &self.config,
            network: &self.surroundings.network,
        }
    }
}
