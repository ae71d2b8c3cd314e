//! The device behind the requests that the host makes in its own name.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use crate::sandbox::{CallError, Credentials, Exchange};

/// A port; the [`Gateway`](crate::gateway::Gateway) is the one in use.
pub(crate) trait Device: Debug + Send + Sync {
    /// The time by AWS's clock, as far as it is known.
    fn now(&self) -> SystemTime;

    /// An answer came, from which the time may be learnt.
    fn answered(&self, exchange: &Exchange<'_>);

    /// Temporary credentials, other ones than those that a store rejected.
    fn credentials<'a>(
        &'a self,
        rejected: Option<&'a str>,
    ) -> Pin<Box<dyn Future<Output = Result<Credentials, Arc<CallError>>> + Send + 'a>>;
}
