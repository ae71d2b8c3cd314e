//! What the part for updates is at, apart from watching: one thing at a time.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use sealift_release::{Effect, Requester, Stage, State};

use crate::gateway::Gateway;
use crate::updates::{UpdateError, Updater, has_enough, window_is_open};

/// Something that may take long, such as a download.
pub(super) struct Errand {
    /// Whether it is a look at the repository.
    is_look: bool,
    work: BoxFuture<'static, Result<(), UpdateError>>,
}

impl Errand {
    /// What the state alone calls for: somebody is to be told, a check was cut off, or the maintenance window has opened.
    pub(super) fn next(updater: &Arc<Updater>, gateway: &Gateway, state: &State) -> Option<Self> {
        if let Some(conclusion) = state.untold() {
            let report = Effect::Report(conclusion.clone());
            return Some(Self::carry_out(updater, vec![report]));
        }
        match state.stage() {
            Stage::Verified { release, .. } => {
                let (release, slot) = (release.clone(), state.spare());
                Some(Self::carry_out(
                    updater,
                    vec![Effect::Check { release, slot }],
                ))
            }
            Stage::Staged { .. } if !state.is_held() && window_is_open(gateway.config()) => {
                Some(Self::go_on(updater))
            }
            // A new configuration asks for fewer jobs than there were.
            Stage::Trial(trial) if has_enough(trial, gateway.config()) => {
                Some(Self::go_on(updater))
            }
            _ => None,
        }
    }

    fn go_on(updater: &Arc<Updater>) -> Self {
        let updater = Arc::clone(updater);
        Self {
            is_look: false,
            work: async move { updater.go_on(Requester::Schedule).await }.boxed(),
        }
    }

    /// A look at the repository, and what follows from it.
    pub(super) fn look(updater: &Arc<Updater>) -> Self {
        let updater = Arc::clone(updater);
        Self {
            is_look: true,
            work: async move { updater.update(Requester::Schedule).await }.boxed(),
        }
    }

    pub(super) fn carry_out(updater: &Arc<Updater>, effects: Vec<Effect>) -> Self {
        let updater = Arc::clone(updater);
        Self {
            is_look: false,
            work: async move { updater.carry_out(effects, Requester::Schedule).await }.boxed(),
        }
    }
}

/// Waits for the end of an errand, and says whether it was a look.
pub(super) async fn done(errand: &mut Option<Errand>) -> (bool, Result<(), UpdateError>) {
    match errand {
        Some(errand) => (errand.is_look, (&mut errand.work).await),
        None => std::future::pending().await,
    }
}
