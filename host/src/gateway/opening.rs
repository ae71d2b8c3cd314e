//! From a configuration to a gateway: identity, network, component.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, SystemTime};

use sealift_config::{Config, CredentialProvider, Environment};
use sealift_keystore::{IdentityError, IdentityFiles, IdentityStore, RolesAnywhere};
use sealift_network::{IdentitySource, Network, Policy, Settings};
use sealift_state::StateDirectory;

use super::kept::Kept;
use super::loading::Loader;
use super::plugin::Lineup;
use super::services::{Device, Surroundings};
use super::{Gateway, egress, session};
use crate::sandbox::{Limits, LoadError, Sandbox};
use crate::vault::Vault;

/// Time without any sign of life after which a job is ended. Longer than every timeout of the
/// network, so that a slow link is reported as what it is.
const STALL: Duration = Duration::from_mins(15);

/// What a component may send to fetch credentials, in bytes.
const FETCH_BYTES: u64 = 256 * 1024;

/// Why a gateway cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The certificate or its key.
    #[error("cannot use the device's identity")]
    Identity(#[from] IdentityError),
    /// The trusted roots.
    #[error("cannot set up the network")]
    Network(#[from] sealift_network::Error),
    /// The proxy's exceptions.
    #[error("cannot set up the proxy")]
    NoProxy(#[from] sealift_network::NoProxyError),
    /// The S3 endpoint.
    #[error("cannot allow the S3 endpoint")]
    Endpoint(#[from] sealift_config::OriginError),
    /// The component's file.
    #[error("cannot read the component `{}`", path.display())]
    ReadComponent {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The component's contents.
    #[error("cannot use the component")]
    Component(#[from] LoadError),
    /// The configuration lacks what the rest needs.
    #[error(transparent)]
    Config(#[from] sealift_config::Error),
}

impl OpenError {
    /// Whether the configuration, or a file that it names, is to blame.
    pub fn is_configuration(&self) -> bool {
        !matches!(self, Self::Component(_))
    }
}

impl Gateway {
    /// Opens the gateway of a configuration with the component in `component`, or with what is committed in the
    /// state directory, or with the factory's.
    pub fn open(
        config: Config,
        environment: &Environment,
        component: Option<&Path>,
    ) -> Result<Self, OpenError> {
        let cache = config.cache_dir(environment).inspect_err(|error| {
            tracing::warn!(error = %crate::report::chain(error), "compiling components without a cache");
        });
        let state = config.state_dir(environment).inspect_err(|error| {
            tracing::warn!(error = %crate::report::chain(error), "nothing outlasts this process: an interrupted upload will begin anew");
        });
        let sandbox = Sandbox::new(limits(&config), cache.ok().as_deref())?;
        let kept = Kept::in_directory(state.ok().map(StateDirectory::new));
        Self::open_with(&sandbox, config, component, kept, None)
    }

    /// Like [`Gateway::open`], to see whether an identity works. What that one is refused says nothing of
    /// another, so that only what is learnt of the clock outlasts it.
    pub fn open_on_trial(
        config: Config,
        environment: &Environment,
        component: Option<&Path>,
    ) -> Result<Self, OpenError> {
        let cache = config.cache_dir(environment);
        let state = config.state_dir(environment);
        let sandbox = Sandbox::new(limits(&config), cache.ok().as_deref())?;
        let kept = Kept::on_trial(state.ok().map(StateDirectory::new));
        Self::open_with(&sandbox, config, component, kept, None)
    }

    /// Like [`Gateway::open`] in a sandbox of the caller's own, whose limits then hold instead of
    /// the configuration's. What should outlast the process is kept only in a directory that the
    /// configuration names.
    pub fn open_in(
        sandbox: &Sandbox,
        config: Config,
        component: Option<&Path>,
    ) -> Result<Self, OpenError> {
        let kept = Kept::of(&config);
        Self::open_with(sandbox, config, component, kept, None)
    }

    /// Like [`Gateway::open_in`], as a device whose identity the caller has: its key can be anything that is a
    /// [`DeviceKey`](sealift_keystore::DeviceKey). What the configuration says of certificate and key does not count.
    pub fn open_as(
        identity: IdentityStore,
        sandbox: &Sandbox,
        config: Config,
        component: Option<&Path>,
    ) -> Result<Self, OpenError> {
        let kept = Kept::of(&config);
        Self::open_with(sandbox, config, component, kept, Some(identity))
    }

    fn open_with(
        sandbox: &Sandbox,
        config: Config,
        component: Option<&Path>,
        kept: Kept,
        own: Option<IdentityStore>,
    ) -> Result<Self, OpenError> {
        let kept = Arc::new(kept);
        let identity = Arc::new(Device {
            store: own.map_or_else(|| identity(&config, &kept), Ok)?,
            kept: Arc::clone(&kept),
        });
        let settings = Settings::of(&config.network, egress::roots(&config))?;
        let presented: Arc<dyn IdentitySource> = identity.clone();
        // What may be reached is said by the policy of each component.
        let network = Network::new(settings, Policy::default(), Some(presented))?;
        let loader = Loader {
            sandbox,
            config: &config,
            network: &network,
        };
        let plugin = match component {
            Some(path) => loader.file(path)?,
            None => loader.settled(kept.directory())?,
        };
        let signing = signing(&config);
        let surroundings = Surroundings {
            network,
            identity,
            vault: Vault::default(),
            kept,
            quota: Arc::default(),
            signing,
            refused_signatures: AtomicU32::default(),
        };
        Ok(Self {
            lineup: Lineup::new(plugin),
            sandbox: sandbox.clone(),
            config,
            surroundings: Arc::new(surroundings),
        })
    }
}

/// The time by AWS's clock, as far as an earlier process learnt it from answers.
pub fn corrected_time(config: &Config, environment: &Environment) -> SystemTime {
    let state = config.state_dir(environment);
    Kept::on_trial(state.ok().map(StateDirectory::new)).now()
}

/// The identity, valid by the corrected clock or by the device's own: the clock may have been set right
/// since it was corrected, and servers judge by a better one.
fn identity(config: &Config, kept: &Kept) -> Result<IdentityStore, IdentityError> {
    let files = IdentityFiles::from(&config.device);
    match IdentityStore::open(files.clone(), kept.now()) {
        Err(IdentityError::NotYetValid { .. } | IdentityError::Expired { .. })
            if kept.behind_seconds().is_some() =>
        {
            IdentityStore::open(files, SystemTime::now())
        }
        opened => opened,
    }
}

/// What the key signs for components: nothing, but for a provider that cannot do without, whose configuration
/// is only valid with the grant.
fn signing(config: &Config) -> Option<RolesAnywhere> {
    match &config.credentials {
        CredentialProvider::RolesAnywhere(provider) => Some(session::signed(provider)),
        CredentialProvider::Iot(_) => None,
    }
}

/// What the configuration lets an instance use.
pub fn limits(config: &Config) -> Limits {
    Limits {
        memory: usize::try_from(config.sandbox.memory.bytes()).unwrap_or(usize::MAX),
        computing: config.sandbox.cpu_time.duration(),
        open_requests: config.sandbox.open_requests as usize,
        bytes_out: FETCH_BYTES,
        response: config.network.response_limit.bytes(),
        log: usize::try_from(config.sandbox.log_bytes.bytes()).unwrap_or(usize::MAX),
        stall: STALL,
    }
}
