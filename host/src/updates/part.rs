//! Commands that let their jobs be part of a trial.

use std::sync::Arc;

use sealift_release::{Event, Stage};
use tokio::task::spawn_blocking;

use super::lineup::{LineupError, line_up};
use super::releases::{Driver, Releases, ReleasesError};
use crate::gateway::Gateway;

/// Takes part in the trial that is under way, if there is one and no other process drives it: some of the gateway's jobs
/// run on what is tried from now on, as long as the driver is kept.
pub async fn take_part(
    gateway: &Arc<Gateway>,
    releases: &Arc<Releases>,
) -> Result<Option<Driver>, LineupError> {
    // Two small files, which every upload of a command pays for.
    let state = releases.read().map_err(ReleasesError::from)?.state;
    if !matches!(state.stage(), Stage::Trial(_)) {
        return Ok(None);
    }
    let this = Arc::clone(releases);
    let driver = spawn_blocking(move || this.drive()).await;
    let driver = driver.map_err(ReleasesError::from)?;
    let Some(driver) = driver.map_err(ReleasesError::from)? else {
        return Ok(None);
    };
    releases.tell(gateway, Event::Started).await?;
    line_up(gateway, releases).await?;
    Ok(Some(driver))
}
