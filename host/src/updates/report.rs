//! The end of a trial, told and put on record.

use std::error::Error;
use std::path::Path;
use std::time::SystemTime;

use sealift_config::Config;
use sealift_queue::{Outcome, Queue, QueueError, ServiceLock};
use sealift_release::{Conclusion, Digest, Event, Stage};
use sealift_state::{AuditError, StateDirectory};

use super::record;
use super::releases::{Releases, ReleasesError};
use crate::{factory, report};

/// Why the end of a trial stays untold.
#[derive(Debug, thiserror::Error)]
pub enum ConcludeError {
    /// The state on disk.
    #[error(transparent)]
    Releases(#[from] ReleasesError),
    /// Nothing changes that cannot be put on record.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Files of the service's queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Tells of how a release fared, and puts it on record.
pub(super) fn report(releases: &Releases, conclusion: &Conclusion) -> Result<Event, AuditError> {
    let Conclusion {
        version,
        digest,
        outcome,
    } = conclusion;
    tracing::info!("version {version}: {outcome}");
    releases.record(&record::concluded(conclusion))?;
    if let Err(error) = clear_away(releases) {
        tracing::debug!(error = %report::chain(&*error), "hints of components that are gone are still there");
    }
    Ok(Event::Told { digest: *digest })
}

/// Removes what components have noted that this device has no more.
fn clear_away(releases: &Releases) -> Result<(), Box<dyn Error>> {
    let state = releases.read()?.state;
    let built_in = Digest::of(factory::COMPONENT);
    let in_slots = state.in_slots().map(|release| release.digest);
    let kept: Vec<_> = in_slots
        .chain([built_in])
        .map(|digest| digest.to_string())
        .collect();
    StateDirectory::new(releases.directory().to_owned()).keep_hints_of(&kept)?;
    Ok(())
}

/// Ends what a command has begun, or a process that is gone: a trial that failed is over when nothing is left that its
/// component did. A service that runs sees to that itself. Blocks.
pub fn conclude(releases: &Releases, config: &Config) -> Result<(), ConcludeError> {
    let apply = |event| releases.apply(config, event).map_err(ReleasesError::from);
    let mut state = releases.read().map_err(ReleasesError::from)?.state;
    let is_back = matches!(state.stage(), Stage::RollingBack { .. });
    if is_back && nothing_is_left(releases.directory())? {
        apply(Event::BroughtBack)?;
        state = releases.read().map_err(ReleasesError::from)?.state;
    }
    if let Some(conclusion) = state.untold() {
        let told = report(releases, conclusion)?;
        apply(told)?;
    }
    Ok(())
}

/// Has files uploaded again that wait in the queue for the end of a trial, unless a service runs.
fn nothing_is_left(directory: &Path) -> Result<bool, QueueError> {
    const PAGE: usize = 100;
    if !Queue::exists(directory) {
        return Ok(true);
    }
    let Ok(_lock) = ServiceLock::take(directory) else {
        return Ok(false);
    };
    let mut queue = Queue::open(directory)?.queue;
    loop {
        let page = queue.pending_disposals(None, PAGE)?;
        if page.is_empty() {
            return Ok(true);
        }
        for job in page {
            queue.settle(job.id, Outcome::Reopened, 0, SystemTime::now())?;
        }
    }
}
