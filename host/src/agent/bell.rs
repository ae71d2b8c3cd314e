//! Tells the uploads that something happened.

use std::sync::Arc;

use tokio::sync::Notify;

/// What the uploads are told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Bell {
    /// There are new jobs.
    pub(super) jobs: Arc<Notify>,
    /// The network of this machine is another.
    pub(super) network: Arc<Notify>,
}
