//! The part that replaces the component over the air.

mod schedule;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use sealift_release::{Effect, Event, Refusal, Requester, Stage, State};
use tokio::sync::{OnceCell, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::current::Seen;
use super::standing::Standing;
use super::stop::Stop;
use super::supervisor::PartError;
use crate::gateway::Gateway;
use crate::report;
use crate::updates::{Driver, Releases, UpdateError, Updater, line_up, window_is_open};
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

/// Something that may take long, such as a download.
struct Errand {
    /// Whether it is a look at the repository.
    is_look: bool,
    work: BoxFuture<'static, Result<(), UpdateError>>,
}

impl Updates {
    /// Updates until it is told to stop.
    pub(super) async fn run(mut self) -> Result<(), PartError> {
        let mut gateway = Arc::clone(&self.current.borrow_and_update());
        let Some(effects) = self.begin(&gateway).await? else {
            return Ok(());
        };
        let mut errand = (!effects.is_empty()).then(|| self.carry_out(&gateway, effects));
        let mut schedule = Schedule::begin(&gateway);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = self.stop.clone();
        let (mut news, mut pause) = (true, Instant::now());
        loop {
            let state = self.follow(&gateway).await?;
            let may = errand.is_none() && Instant::now() >= pause;
            if may && std::mem::take(&mut news) {
                errand = self.next_errand(&gateway, &state);
            }
            tokio::select! {
                () = stop.set() => return Ok(()),
                Ok(()) = self.current.changed() => {
                    gateway = Arc::clone(&self.current.borrow_and_update());
                    schedule = Schedule::begin(&gateway);
                }
                () = self.releases.changed() => news = true,
                _ = look.tick() => news = true,
                () = schedule.due(), if errand.is_none() => {
                    errand = Some(self.update(&gateway));
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

    /// What the state alone calls for: somebody is to be told, a check was cut off, or the maintenance window has opened.
    fn next_errand(&self, gateway: &Arc<Gateway>, state: &State) -> Option<Errand> {
        if let Some(conclusion) = state.untold() {
            let report = Effect::Report(conclusion.clone());
            return Some(self.carry_out(gateway, vec![report]));
        }
        match state.stage() {
            Stage::Verified { release, .. } => {
                let (release, slot) = (release.clone(), state.spare());
                Some(self.carry_out(gateway, vec![Effect::Check { release, slot }]))
            }
            Stage::Staged { .. } if !state.is_held() && window_is_open(gateway.config()) => {
                let updater = self.updater(gateway);
                let work = async move { updater.go_on(Requester::Schedule).await }.boxed();
                Some(Errand {
                    is_look: false,
                    work,
                })
            }
            _ => None,
        }
    }

    fn update(&self, gateway: &Arc<Gateway>) -> Errand {
        let updater = self.updater(gateway);
        Errand {
            is_look: true,
            work: async move { updater.update(Requester::Schedule).await }.boxed(),
        }
    }

    fn carry_out(&self, gateway: &Arc<Gateway>, effects: Vec<Effect>) -> Errand {
        let updater = self.updater(gateway);
        Errand {
            is_look: false,
            work: async move { updater.carry_out(effects, Requester::Schedule).await }.boxed(),
        }
    }

    fn updater(&self, gateway: &Arc<Gateway>) -> Updater {
        Updater::new(Arc::clone(gateway), Arc::clone(&self.releases))
    }
}

async fn done(errand: &mut Option<Errand>) -> (bool, Result<(), UpdateError>) {
    match errand {
        Some(errand) => (errand.is_look, (&mut errand.work).await),
        None => std::future::pending().await,
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
