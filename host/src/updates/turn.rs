//! A job's turn on a component that is on trial.

use std::sync::Arc;

use sealift_release::{ApplyError, Event, Refusal, Verdict};

use super::releases::{Releases, ReleasesError};
use crate::gateway::{Gateway, Plugin};
use crate::report;

/// One job of a trial. It is on disk that it runs, so that a process that dies with it is known.
pub(super) struct Turn {
    releases: Arc<Releases>,
    gateway: Arc<Gateway>,
    pub(super) plugin: Plugin,
    ended: bool,
}

impl Turn {
    /// A turn, if a component is on trial here and lacks jobs.
    pub(super) async fn take(releases: &Arc<Releases>, gateway: &Arc<Gateway>) -> Option<Self> {
        let plugin = gateway.on_trial()?;
        let digest = plugin.digest();
        let begun = releases.tell(gateway, Event::TrialJobBegan { digest });
        match begun.await {
            Ok(_) => Some(Self {
                releases: Arc::clone(releases),
                gateway: Arc::clone(gateway),
                plugin,
                ended: false,
            }),
            Err(ReleasesError::Apply(ApplyError::Refused(Refusal::NoTurn { .. }))) => None,
            // What cannot be written down is not done.
            Err(error) => {
                tracing::warn!(error = %report::chain(&error), "no job runs on the component on trial");
                None
            }
        }
    }

    /// The job ended and says this of the component.
    pub(super) async fn end(mut self, verdict: Verdict) {
        self.ended = true;
        let event = self.ended_with(verdict);
        if let Err(error) = self.releases.tell(&self.gateway, event.clone()).await {
            self.owe(event, &error);
        }
    }

    fn owe(&self, event: Event, error: &dyn std::error::Error) {
        tracing::warn!(error = %report::chain(error), "the end of a job of the trial is to be written down later");
        self.releases.owe(event);
    }

    fn ended_with(&self, verdict: Verdict) -> Event {
        Event::TrialJobEnded {
            digest: self.plugin.digest(),
            verdict,
        }
    }
}

impl Drop for Turn {
    /// The job was called off. It is written down at once: if the process ends next, nobody else would do it, and the
    /// component would be taken for one that brings processes down.
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let event = self.ended_with(Verdict::Inconclusive);
        if let Err(error) = self.releases.apply(self.gateway.config(), event.clone()) {
            self.owe(event, &error);
        }
    }
}
