//! The part that works the queue off.

mod aftermath;
mod held;
mod round;
mod stuck;
mod tried;

use std::sync::Arc;
use std::time::Duration;

use super::bell::Bell;
use super::current::Seen;
use super::desk::Desk;
use super::figures::Figures;
use super::standing::Known;
use super::stop::Stop;
use super::supervisor::PartError;
use crate::updates::Releases;
use round::Round;

/// What the uploads need of the rest.
#[derive(Clone)]
pub(super) struct Uploads {
    pub(super) desk: Desk,
    pub(super) current: Seen,
    pub(super) bell: Bell,
    pub(super) figures: Figures,
    pub(super) releases: Arc<Releases>,
    pub(super) standing: Known,
    pub(super) stop: Stop,
}

/// How often it is looked whether other processes changed the queue: whoever adds a job by hand waits as
/// long at most. A look costs a few system calls.
const LOOK: Duration = Duration::from_secs(5);

impl Uploads {
    /// Uploads until it is told to stop, and then for as long as the drain deadline says.
    pub(super) async fn run(self) -> Result<(), PartError> {
        let Self { bell, .. } = &self;
        let mut stop = self.stop.clone();
        let mut current = self.current.clone();
        let mut standing = self.standing.clone();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let first = Arc::clone(&current.borrow_and_update());
        let mut round = Round::begin(&self, first).await?;
        loop {
            round.begin_jobs().await;
            tokio::select! {
                biased;
                () = stop.set() => {
                    round.drain().await;
                    return Ok(());
                }
                event = round.event() => round.happened(event).await,
                Ok(()) = current.changed() => {
                    let next = Arc::clone(&current.borrow_and_update());
                    round.reconfigure(next).await;
                }
                Ok(()) = standing.changed() => round.releases_changed(),
                () = bell.network.notified() => round.network_changed().await,
                () = bell.jobs.notified() => round.new_jobs(),
                _ = look.tick() => round.look().await,
            }
        }
    }
}
