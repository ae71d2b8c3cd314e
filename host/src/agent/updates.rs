//! The part that replaces the component over the air.

mod errand;
mod schedule;

use std::sync::Arc;
use std::time::Duration;

use sealift_release::{Effect, Event, Refusal, State};
use tokio::sync::{OnceCell, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::current::Seen;
use super::standing::Standing;
use super::stop::Stop;
use super::supervisor::PartError;
use crate::gateway::Gateway;
use crate::report;
use crate::updates::{Driver, Releases, UpdateError, Updater, line_up};
use errand::{Errand, done};
use schedule::Schedule;

/// How often it is looked whether other processes changed something, or the maintenance window has opened.
const LOOK: Duration = Duration::from_secs(5);

/// How long nothing is tried again that failed for want of disk, say.
const PAUSE: Duration = Duration::from_mins(1);

/// What it needs of the rest.
#[derive(Clone)]
pub(super) struct Updates {
    pub(super) current: Seen,
    pub(super) releases: Arc<Releases>,
    /// What the uploads go by.
    pub(super) standing: watch::Sender<Option<Standing>>,
    /// Trials are this process's from the first start of this part to the end.
    pub(super) driver: Arc<OnceCell<Driver>>,
    pub(super) stop: Stop,
}

impl Updates {
    /// Updates until it is told to stop.
    pub(super) async fn run(mut self) -> Result<(), PartError> {
        let mut gateway = Arc::clone(&self.current.borrow_and_update());
        let Some(effects) = self.begin(&gateway).await? else {
            return Ok(());
        };
        let mut updater = self.updater(&gateway);
        let mut errand = (!effects.is_empty()).then(|| Errand::carry_out(&updater, effects));
        let mut schedule = Schedule::begin(&gateway);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.stop.clone();
        let (mut news, mut pause) = (true, Instant::now());
        loop {
            let state = self.follow(&gateway).await?;
            let may = errand.is_none() && Instant::now() >= pause;
            if may && std::mem::take(&mut news) {
                errand = Errand::next(&updater, &gateway, &state);
            }
            tokio::select! {
                () = stop.set() => return Ok(()),
                Ok(()) = self.current.changed() => {
                    gateway = Arc::clone(&self.current.borrow_and_update());
                    updater = self.updater(&gateway);
                    schedule = Schedule::begin(&gateway);
                }
                () = self.releases.changed() => news = true,
                _ = look.tick() => {
                    news = true;
                    self.catch_up(&gateway).await;
                }
                () = schedule.due(), if errand.is_none() => {
                    errand = Some(Errand::look(&updater));
                }
                (is_look, outcome) = done(&mut errand) => {
                    errand = None;
                    if is_look {
                        schedule.after(&outcome);
                    } else if outcome.is_err() {
                        pause = Instant::now() + PAUSE;
                    }
                    tell(&outcome);
                }
            }
        }
    }

    /// Takes over trials, and says that this process has begun: once, for jobs of a trial may be under way when this part
    /// is begun again. What is to be done, unless it is told to stop before.
    async fn begin(&mut self, gateway: &Arc<Gateway>) -> Result<Option<Vec<Effect>>, PartError> {
        if self.driver.initialized() {
            return Ok(Some(Vec::new()));
        }
        loop {
            if let Some(driver) = self.releases.drive()? {
                let effects = self.releases.tell(gateway, Event::Started).await?;
                // Nobody else sets it.
                let _ = self.driver.set(driver);
                return Ok(Some(effects));
            }
            tokio::select! {
                () = self.stop.set() => return Ok(None),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Has jobs run on what the state says, and tells the uploads.
    async fn follow(&self, gateway: &Arc<Gateway>) -> Result<State, PartError> {
        let state = line_up(gateway, &self.releases).await?;
        let standing = Some(Standing::from(&state));
        self.standing.send_if_modified(|known| {
            let changed = *known != standing;
            *known = standing;
            changed
        });
        Ok(state)
    }

    /// What cannot be written down now is tried again with the next look.
    async fn catch_up(&self, gateway: &Arc<Gateway>) {
        if let Err(error) = self.releases.catch_up(gateway).await {
            tracing::warn!("a trial waits: {}", report::chain(&error));
        }
    }

    fn updater(&self, gateway: &Arc<Gateway>) -> Arc<Updater> {
        let updater = Updater::new(Arc::clone(gateway), Arc::clone(&self.releases));
        Arc::new(updater)
    }
}

fn tell(outcome: &Result<(), UpdateError>) {
    let Err(error) = outcome else { return };
    let message = report::chain(error);
    if is_nothing_new(error) {
        tracing::debug!("no update: {message}");
    } else {
        tracing::warn!("no update: {message}");
    }
}

/// What is so on most days.
fn is_nothing_new(error: &UpdateError) -> bool {
    matches!(
        error,
        UpdateError::Refused(
            Refusal::UpToDate { .. }
                | Refusal::NotYet { .. }
                | Refusal::Held
                | Refusal::UnderWay { .. }
                | Refusal::TrialUnderWay { .. }
        )
    )
}
