//! Uploads that may be part of a component's trial.

use std::sync::Arc;

use sealift::gateway::{Gateway, Observer, Upload};
use sealift::report;
use sealift::sandbox::{CallError, Outcome};
use sealift::updates::{self, Driver, Releases};
use sealift_config::Environment;

/// The gateway, and leave to try a component out with some of its uploads.
pub(super) struct Trial {
    gateway: Arc<Gateway>,
    /// None where nothing outlasts the process, and so no release either.
    releases: Option<Arc<Releases>>,
    driver: Option<Driver>,
}

impl Trial {
    /// Takes part in the trial that is under way. What hinders that hinders no upload. Whoever names a `component` tries out
    /// that one.
    pub(super) async fn begin(gateway: &Arc<Gateway>, component: bool) -> Self {
        let state = gateway.config().state_dir(&Environment::of_process());
        let releases = state.ok().map(|state| Arc::new(Releases::new(state)));
        let driver = match &releases {
            Some(releases) if !component => updates::take_part(gateway, releases).await,
            _ => Ok(None),
        };
        let driver = driver.unwrap_or_else(|error| {
            tracing::warn!("no upload is part of the trial: {}", report::chain(&error));
            None
        });
        Self {
            gateway: Arc::clone(gateway),
            releases,
            driver,
        }
    }

    /// Uploads one object.
    pub(super) async fn upload(
        &self,
        upload: Upload,
        observer: Arc<dyn Observer>,
    ) -> Result<Outcome, CallError> {
        match &self.releases {
            Some(releases) => {
                updates::upload(&self.gateway, releases, upload, 0, observer)
                    .await
                    .0
            }
            None => self.gateway.upload(upload, observer).await,
        }
    }
}

impl Drop for Trial {
    /// If the trial has come to its end, that is told here.
    fn drop(&mut self) {
        let (Some(releases), Some(_)) = (&self.releases, &self.driver) else {
            return;
        };
        if let Err(error) = updates::conclude(releases, self.gateway.config()) {
            tracing::warn!(
                "the end of the trial is not on record: {}",
                report::chain(&error)
            );
        }
    }
}
