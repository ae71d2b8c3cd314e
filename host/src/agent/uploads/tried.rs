//! What comes after an upload by a component on trial, and after the trial.

use sealift_queue::{Job, Outcome};
use sealift_release::{Digest, Event};
use tokio::time::sleep;

use super::aftermath::{Aftermath, Stored};
use super::held::File;
use super::stuck::Leftover;
use crate::agent::backoff::RESTARTS;
use crate::agent::desk::told;
use crate::agent::standing::Fate;
use crate::report;

impl Aftermath {
    /// The object is there by the work of a component on trial. Its file waits for the end of the trial, which cannot come
    /// before that is written down.
    pub(super) async fn of_tried(&self, stored: Stored, by: Digest, sent: u64) {
        let _turn = self.held.turn().await;
        let standing = *self.standing.borrow();
        if standing.map(|standing| standing.fate(Some(by))) == Some(Fate::Reopen) {
            return self.again(&stored.job, Outcome::Released, sent).await;
        }
        if let Some((job, uploaded)) = self.write_down(stored, sent).await {
            let (uploaded, by) = (Some(uploaded), Some(by));
            self.held.add(File { job, uploaded, by });
            // Meanwhile the trial may be over.
            self.let_go().await;
        }
    }

    /// Files of the last run that were uploaded and not dealt with.
    pub(super) async fn of_last_run(mut self) {
        const PAGE: usize = 100;
        // Whether they may go depends on what uploaded them.
        let known = self.standing.wait_for(Option::is_some).await;
        // Nobody tells it any more: the service ends.
        if known.map(drop).is_err() {
            return;
        }
        let (mut after, mut tries) = (None, 0);
        loop {
            let page = self
                .desk
                .ask(move |queue| queue.pending_disposals(after, PAGE));
            let page = match page.await {
                Ok(page) => page,
                Err(error) => {
                    told(&error);
                    tries += 1;
                    sleep(RESTARTS.random_delay(tries)).await;
                    continue;
                }
            };
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for job in page {
                let (uploaded, by) = (None, None);
                self.held.add(File { job, uploaded, by });
            }
        }
        self.held.complete();
        self.follow().await;
    }

    /// Releases stand differently: files may wait no longer.
    pub(super) async fn follow(self) {
        let _turn = self.held.turn().await;
        self.let_go().await;
        // Before, files of the last run may be missing.
        if self.held.is_complete() {
            self.brought_back().await;
        }
    }

    /// Deals with the files that wait no longer.
    async fn let_go(&self) {
        let Some(standing) = *self.standing.borrow() else {
            return;
        };
        for (file, fate) in self.held.take(standing) {
            match fate {
                Fate::Dispose => self.of_stored(Leftover::of(file.job, file.uploaded)).await,
                Fate::Reopen => self.again(&file.job, Outcome::Reopened, 0).await,
                Fate::Hold => self.held.add(file),
            }
        }
    }

    /// What a component uploaded that failed its trial is uploaded by another one.
    async fn again(&self, job: &Job, outcome: Outcome, sent: u64) {
        tracing::warn!(
            job = job.id.number(),
            "{} is uploaded again: the component that uploaded it failed its trial",
            job.task.source.as_path().display()
        );
        self.settle(job.id, outcome, sent).await;
        self.bell.jobs.notify_one();
    }

    /// Nothing is left that a component did that failed its trial.
    async fn brought_back(&self) {
        let rolling_back = || {
            let standing = self.standing.borrow();
            standing.is_some_and(|standing| standing.rolling_back)
        };
        let mut tries = 0;
        while rolling_back() {
            let told = self.releases.tell(&self.current, Event::BroughtBack).await;
            let Err(error) = told else { return };
            tries += 1;
            tracing::error!(error = %report::chain(&error), "the end of a trial cannot be written down");
            sleep(RESTARTS.random_delay(tries)).await;
        }
    }
}
