//! The end of a round: what is under way may go on for a while, and the rest goes back into the queue.

use std::time::Duration;

use sealift_queue::Outcome;
use tokio::time::{Instant, timeout, timeout_at};

use super::Round;

/// How long what is left to write down may take in the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

impl Round {
    /// Lets what is under way end, for as long as the configuration says; the rest goes back into the
    /// queue.
    pub(in crate::agent::uploads) async fn drain(&mut self) {
        self.lay_down(0);
        let drain = self.current.config().service.drain.duration();
        let deadline = Instant::now() + drain;
        if !self.attempts.is_empty() {
            let count = self.attempts.len();
            tracing::info!("{count} uploads under way may go on for {drain:?}");
        }
        while let Ok(Some(ended)) = timeout_at(deadline, self.attempts.join_next_with_id()).await {
            self.ended(ended).await;
        }
        self.release_running().await;
        let settled = async {
            while let Some(ended) = self.aftermath.join_next().await {
                drop(ended);
            }
        };
        if timeout(LAST_WORDS, settled).await.is_err() {
            tracing::warn!("not all is written down; the next start looks at it again");
        }
        self.look().await;
    }

    async fn release_running(&mut self) {
        if self.attempts.is_empty() {
            return;
        }
        self.attempts.shutdown().await;
        for (_, running) in std::mem::take(&mut self.running) {
            let id = running.job.id;
            tracing::info!(job = id.number(), "goes on with the next start");
            let sent = running.meter.sent();
            self.unrecorded += running.meter.unaccounted();
            self.write_down(id, Outcome::Released, sent);
        }
    }
}
