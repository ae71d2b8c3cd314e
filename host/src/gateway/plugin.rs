//! The components of a gateway.

use std::sync::{Arc, PoisonError, RwLock};

use sealift_network::{Network, Policy};
use sealift_release::{Digest, Release};

use crate::sandbox::Component;

/// A component that is ready to work for a gateway, with the way out that it has. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Plugin {
    pub(super) component: Component,
    pub(super) network: Network,
    release: Option<Arc<Release>>,
}

/// What a gateway's jobs run on.
#[derive(Debug)]
pub(super) struct Lineup(RwLock<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    settled: Plugin,
    on_trial: Option<Plugin>,
}

impl Plugin {
    /// A component, and the release that it is of; none for the one that the host was built with, and for one that
    /// somebody named.
    pub(super) fn new(component: Component, network: Network, release: Option<Release>) -> Self {
        Self {
            component,
            network,
            release: release.map(Arc::new),
        }
    }

    /// The release that it is of.
    pub fn release(&self) -> Option<&Release> {
        self.release.as_deref()
    }

    /// The SHA-256 of the component.
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(*self.component.digest().as_bytes())
    }

    /// The same component where it can reach nothing.
    pub(super) fn locked_in(&self) -> Self {
        self.with_policy(Policy::default())
    }

    /// The same component where it can reach something else.
    pub(super) fn with_policy(&self, policy: Policy) -> Self {
        Self {
            network: self.network.with_policy(policy),
            ..self.clone()
        }
    }
}

impl Lineup {
    pub(super) fn new(settled: Plugin) -> Self {
        Self(RwLock::new(Parts {
            settled,
            on_trial: None,
        }))
    }

    pub(super) fn settled(&self) -> Plugin {
        self.parts().settled
    }

    pub(super) fn on_trial(&self) -> Option<Plugin> {
        self.parts().on_trial
    }

    /// Jobs that begin from now on run on these.
    pub(super) fn set(&self, settled: Plugin, on_trial: Option<Plugin>) {
        let mut parts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *parts = Parts { settled, on_trial };
    }

    fn parts(&self) -> Parts {
        let parts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        parts.clone()
    }
}
