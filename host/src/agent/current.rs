//! The configuration in force, and the gateway that was opened with it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::gateway::Gateway;

/// Where the parts see the gateway in force. Jobs under way hold on to theirs.
pub(super) type Seen = watch::Receiver<Arc<Gateway>>;
