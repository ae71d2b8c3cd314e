//! The device identity as the network needs it.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::ResolvesClientCert;
use sealift_keystore::IdentityStore;

use crate::error::BoxError;

/// Where the device identity comes from. It is asked before every request that needs it, so that a rotated
/// certificate is used at once; it must answer without waiting for anything but local files.
pub trait IdentitySource: Send + Sync {
    /// The identity in force.
    fn current(&self) -> Result<CurrentIdentity, BoxError>;
}

/// The files of the device, judged by the system's clock.
impl IdentitySource for IdentityStore {
    fn current(&self) -> Result<CurrentIdentity, BoxError> {
        let identity = Self::current(self, SystemTime::now());
        Ok(CurrentIdentity {
            generation: identity.generation(),
            resolver: identity.resolver(),
            slow: identity.key().is_slow(),
        })
    }
}

/// One state of the device identity.
#[derive(Clone)]
pub struct CurrentIdentity {
    /// A number that changes whenever the certificate or the key does. Connections are kept apart by it.
    pub generation: u64,
    /// Presents the certificate, and signs handshakes with the key.
    pub resolver: Arc<dyn ResolvesClientCert>,
    /// Whether signing takes so long that handshakes must not hold up anything else.
    pub slow: bool,
}

impl fmt::Debug for CurrentIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentIdentity")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
