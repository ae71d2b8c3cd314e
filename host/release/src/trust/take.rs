//! The bytes of a component.

use std::time::Duration;

use futures_util::StreamExt;
use tough::schema::{Root, Signed};

use super::error::TrustError;
use super::kept::Kept;
use super::repository::Repository;
use crate::store::{FileSystem, Incoming};
use crate::{Release, StoreError};

impl<F: FileSystem> Repository<F> {
    /// Fetches what is missing of the component. What has come in stays for the next time if this ends early. They are
    /// only bytes until [`Incoming::finish`] has compared all of them with what was signed.
    pub async fn fetch<G: FileSystem>(
        &self,
        release: &Release,
        incoming: &mut Incoming<'_, G>,
    ) -> Result<(), TrustError> {
        let seconds = incoming.missing().div_ceil(self.settings.slowest.max(1));
        let within = self.settings.patience + Duration::from_secs(seconds);
        let path = format!("targets/{}", self.target_name(release)?);
        match tokio::time::timeout(within, self.take(&path, incoming)).await {
            Ok(taken) => taken,
            Err(_) => Err(TrustError::Slow { within }),
        }
    }

    async fn take<G: FileSystem>(
        &self,
        path: &str,
        incoming: &mut Incoming<'_, G>,
    ) -> Result<(), TrustError> {
        let unreachable = |error| TrustError::Unreachable(Box::new(error));
        let mut stream = self
            .source
            .open(path, incoming.length())
            .await
            .map_err(unreachable)?;
        while let Some(piece) = stream.next().await {
            incoming.write(&piece.map_err(unreachable)?)?;
        }
        if incoming.missing() > 0 {
            let told = format!("{path} ended {} bytes early", incoming.missing());
            return Err(TrustError::Unreachable(told.into()));
        }
        Ok(())
    }

    /// The file's name on the server (TUF 5.7.3): with its digest before it where snapshots are consistent.
    fn target_name(&self, release: &Release) -> Result<String, StoreError> {
        let (kept, _) = Kept::read(&self.files, &self.settings.root)?;
        let consistent = serde_json::from_str::<Signed<Root>>(&kept.root)
            .is_ok_and(|root| root.signed.consistent_snapshot);
        Ok(if consistent {
            format!("{}.{}", release.digest, release.file)
        } else {
            release.file.to_string()
        })
    }
}
