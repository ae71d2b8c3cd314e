//! When the repository is looked into.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::backoff::{Backoff, random, share, spread};
use crate::gateway::Gateway;
use crate::updates::UpdateError;

/// The first look comes within this share of the time between two looks, so that a fleet that got its power back does
/// not look all at once.
const FIRST: u32 = 10;

/// After a failure that passes, it is looked again sooner than otherwise.
const AGAIN: Backoff = Backoff::new(Duration::from_mins(1), Duration::from_hours(1));

/// When to look next.
#[derive(Debug)]
pub(super) struct Schedule {
    /// None where there is no repository.
    every: Option<Duration>,
    next: Instant,
    failures: u32,
}

impl Schedule {
    /// That of a configuration.
    pub(super) fn begin(gateway: &Gateway) -> Self {
        let release = &gateway.config().release;
        let every = release.check.duration();
        Self {
            every: release.repository.is_some().then_some(every),
            next: Instant::now() + share(every / FIRST, random()),
            failures: 0,
        }
    }

    /// Waits for the next look.
    pub(super) async fn due(&self) {
        match self.every {
            Some(_) => sleep_until(self.next).await,
            None => std::future::pending().await,
        }
    }

    /// A look has ended.
    pub(super) fn after(&mut self, outcome: &Result<(), UpdateError>) {
        let Some(every) = self.every else { return };
        let wait = match outcome {
            Err(error) if error.is_temporary() => {
                self.failures += 1;
                AGAIN.random_delay(self.failures).min(every)
            }
            _ => {
                self.failures = 0;
                spread(every, random())
            }
        };
        self.next = Instant::now() + wait;
    }
}
