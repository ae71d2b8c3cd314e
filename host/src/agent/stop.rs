//! Telling parts to stop.

use tokio::sync::watch;

/// Tells all of them.
#[derive(Debug)]
pub(super) struct Stopper(watch::Sender<bool>);

/// Hears it.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Default for Stopper {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stopper {
    pub(super) fn set(&self) {
        self.0.send_replace(true);
    }

    pub(super) fn stop(&self) -> Stop {
        Stop(self.0.subscribe())
    }
}

impl Stop {
    pub(super) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is set. A stopper that is gone has stopped too.
    pub(super) async fn set(&mut self) {
        let _gone = self.0.wait_for(|set| *set).await;
    }
}
