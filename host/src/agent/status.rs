//! How the service is, as `/healthz` and `/readyz` tell it.

use super::stop::Stop;
use super::supervisor::Health;

/// Asked by whoever looks from outside.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) health: Health,
    pub(super) stop: Stop,
}

impl sealift_serve::Status for Condition {
    fn healthy(&self) -> Result<(), String> {
        let failing = self.health.failing();
        if failing.is_empty() {
            return Ok(());
        }
        Err(format!("failing again and again: {}", failing.join(", ")))
    }

    /// What the service needs is open from the beginning, or there is no service.
    fn ready(&self) -> Result<(), String> {
        if self.stop.is_set() {
            return Err("the service is stopping".to_owned());
        }
        self.healthy()
    }
}
