//! What of a gateway outlives the process.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::{AGE, DATE};
use sealift_config::Config;
use sealift_payload::Payload;
use sealift_state::{
    Audit, AuditError, Clock, Event, Hints, JobId, Origin, Place, Refusal, Refusals, Sighting,
    Standing, StateDirectory, Subject,
};

use crate::report;
use crate::sandbox::{Digest, Exchange, JobJournal};

/// The state directory put to use; without one, everything ends with the process.
#[derive(Debug)]
pub(super) struct Kept {
    directory: Option<StateDirectory>,
    clock: Clock,
    audit: Audit,
    hints: Mutex<HashMap<Digest, Arc<Mutex<Hints>>>>,
    refusals: Mutex<Refusals>,
    told: Once,
}

impl Kept {
    /// In this directory, which need not exist.
    pub(super) fn in_directory(directory: Option<StateDirectory>) -> Self {
        let clock = directory.as_ref().map(StateDirectory::clock);
        let audit = directory.as_ref().map(StateDirectory::audit);
        let refusals = directory.as_ref().map(StateDirectory::refusals);
        Self {
            refusals: Mutex::new(refusals.unwrap_or_else(Refusals::unkept)),
            clock: clock.unwrap_or_else(Clock::unkept),
            audit: audit.unwrap_or_else(Audit::unkept),
            directory,
            hints: Mutex::default(),
            told: Once::new(),
        }
    }

    /// In the directory that the configuration names, if it names one.
    pub(super) fn of(config: &Config) -> Self {
        let state = config.service.state.clone();
        Self::in_directory(state.map(StateDirectory::new))
    }

    /// Of this directory only what does not depend on the identity or the component: the clock and the
    /// audit log.
    pub(super) fn on_trial(directory: Option<StateDirectory>) -> Self {
        Self {
            directory: None,
            refusals: Mutex::new(Refusals::unkept()),
            ..Self::in_directory(directory)
        }
    }

    /// The directory; none where everything ends with the process.
    pub(super) fn directory(&self) -> Option<&StateDirectory> {
        self.directory.as_ref()
    }

    /// The journal of an upload from `source` to `place`.
    pub(super) fn journal(&self, source: &Payload, place: Place<'_>) -> JobJournal {
        let Some(directory) = &self.directory else {
            return JobJournal::unkept();
        };
        let id = match source.origin() {
            sealift_payload::Origin::File(path) => JobId::new(Origin::File(&absolute(path)), place),
            sealift_payload::Origin::Stream => JobId::new(Origin::Stream, place),
        };
        JobJournal::new(directory.journals().of(&id))
    }

    /// The hints of a component.
    pub(super) fn hints(&self, component: Digest) -> Arc<Mutex<Hints>> {
        let new = || match &self.directory {
            Some(directory) => directory.hints(&component.to_string()),
            None => Hints::unkept(),
        };
        let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        let hints = hints.entry(component);
        Arc::clone(hints.or_insert_with(|| Arc::new(Mutex::new(new()))))
    }

    /// Puts an event into the audit log. Blocks.
    pub(super) fn record(&self, event: &Event, now: SystemTime) -> Result<(), AuditError> {
        self.audit.record(event, now)
    }

    /// What an earlier process was refused, if that still holds. Blocks.
    pub(super) fn refused(&self, subject: &Subject) -> Option<Standing> {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.standing(subject, self.now())
    }

    /// From now on knows of no refusal, and remembers none.
    pub(super) fn forget_refusals(&self) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        *refusals = Refusals::unkept();
    }

    /// Remembers a refusal for the processes that follow. Blocks.
    pub(super) fn refuse(&self, subject: &Subject, refusal: Refusal, life: Duration) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        // It only saves a request.
        if let Err(error) = refusals.keep(subject, refusal, life, self.now()) {
            tracing::debug!(error = %report::chain(&error), "a refusal is not kept");
        }
    }

    /// The time by AWS's clock, as far as it is known.
    pub(super) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Whether that is what an authenticated answer told this process.
    pub(super) fn clock_is_authentic(&self) -> bool {
        self.clock.is_authentic()
    }

    /// How many seconds this device's clock is behind AWS's, where that is corrected; negative if it is
    /// ahead.
    pub(super) fn behind_seconds(&self) -> Option<i64> {
        let skew = self.clock.skew();
        (!skew.is_zero()).then(|| skew.behind_seconds())
    }

    /// Learns the time from an answer.
    pub(super) fn observe(&self, exchange: &Exchange<'_>) {
        let date = exchange.headers.get(DATE);
        let Some(date) = date.filter(|_| exchange.authentic) else {
            return;
        };
        let change = self.clock.observe(&Sighting {
            date: date.to_str().unwrap_or_default(),
            aged: exchange.headers.contains_key(AGE),
            round_trip: exchange.round_trip,
            received: exchange.received,
        });
        let Some(change) = change else { return };
        match change.now.behind_seconds() {
            0 => tracing::info!("this device's clock is right again; no longer corrected"),
            behind @ 1.. => {
                tracing::info!("this device's clock is {behind} s behind AWS's; corrected");
            }
            ahead => {
                let ahead = ahead.unsigned_abs();
                tracing::info!("this device's clock is {ahead} s ahead of AWS's; corrected");
            }
        }
        // A few bytes, and only when the clock turns out to be wrong or right again.
        if let Err(error) = self.clock.keep() {
            self.tell(&error);
        }
    }

    /// Says once what cannot be kept; whatever else cannot be either has the same reason.
    pub(super) fn tell(&self, error: &dyn Error) {
        self.told.call_once(|| {
            tracing::warn!(
                error = %report::chain(error),
                "nothing outlasts this process: an interrupted upload will begin anew"
            );
        });
    }
}

/// The path from the root. What cannot be told stays as it was opened.
fn absolute(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    fn observe(kept: &Kept, authentic: bool, headers: &[(http::HeaderName, &'static str)]) {
        let headers = headers.iter().cloned();
        let headers: HeaderMap = headers
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect();
        kept.observe(&Exchange {
            authentic,
            delivered: false,
            status: StatusCode::FORBIDDEN,
            headers: &headers,
            round_trip: Duration::ZERO,
            received: SystemTime::UNIX_EPOCH,
        });
    }

    #[test]
    fn only_answers_that_tls_vouches_for_and_no_cache_gave_set_the_clock() {
        let date = (DATE, "Thu, 01 Jan 1970 02:00:00 GMT");
        let kept = Kept::in_directory(None);
        observe(&kept, false, std::slice::from_ref(&date));
        observe(&kept, true, &[date.clone(), (AGE, "1")]);
        observe(&kept, true, &[]);
        assert_eq!(kept.behind_seconds(), None);
        observe(&kept, true, &[date]);
        assert_eq!(kept.behind_seconds(), Some(7200));
        let off = kept.now().duration_since(SystemTime::now()).unwrap();
        assert_eq!(off.as_secs().div_ceil(60), 120);
    }
}
