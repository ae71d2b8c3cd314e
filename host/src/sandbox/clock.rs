//! The wall clock that components see.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use wasmtime_wasi::HostWallClock;

use super::Services;

/// The host's idea of the service's time, which may differ from the machine's.
pub(super) struct CorrectedClock(pub(super) Arc<dyn Services>);

impl HostWallClock for CorrectedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0.now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}
