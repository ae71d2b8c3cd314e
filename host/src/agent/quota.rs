//! The part that keeps folders within their quota.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealift_config::{Disposal, Quota, RuleName, WatchRule};
use sealift_queue::{Filter, Job, JobId, Origin, State};
use sealift_watch::{Disposed, Fingerprint, Occupant, Standing, dispose, list, relieve};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::current::Seen;
use super::desk::{Desk, DeskError, told};
use super::stop::Stop;
use super::supervisor::PartError;
use crate::report;

/// How often folders with a quota are looked through.
const LOOK: Duration = Duration::from_secs(30);

/// The most files of a folder that are looked at.
const MOST_FILES: usize = 100_000;

/// Rules whose folders are full, so that no more of their files are taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Full {
    rules: Arc<Mutex<BTreeSet<String>>>,
    room: Arc<Notify>,
}

/// What it needs of the rest.
#[derive(Clone)]
pub(super) struct Quotas {
    pub(super) desk: Desk,
    pub(super) current: Seen,
    pub(super) full: Full,
    pub(super) stop: Stop,
}

/// A file with how far it is.
struct Known {
    occupant: Occupant,
    fingerprint: Fingerprint,
    job: Option<JobId>,
}

impl Full {
    pub(super) fn is_full(&self, rule: &RuleName) -> bool {
        self.rules().contains(rule.as_str())
    }

    /// Waits until there is room in a folder that was full.
    pub(super) async fn room(&self) {
        self.room.notified().await;
    }

    fn set(&self, rule: &WatchRule, is_full: bool) {
        let name = rule.name.as_str();
        if is_full {
            if self.rules().insert(name.to_owned()) {
                tracing::warn!(
                    "{name} is full; no more of its files are taken until there is room"
                );
            }
        } else if self.rules().remove(name) {
            tracing::info!("there is room in {name} again");
            self.room.notify_one();
        }
    }

    /// Only these have a quota; a reload may have lifted that of others.
    fn keep_only(&self, limited: &[&WatchRule]) {
        let has_quota = |name: &String| limited.iter().any(|rule| rule.name.as_str() == name);
        let mut rules = self.rules();
        let before = rules.len();
        rules.retain(has_quota);
        if rules.len() < before {
            self.room.notify_one();
        }
    }

    fn rules(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Quotas {
    /// Looks until it is told to stop.
    pub(super) async fn run(mut self) -> Result<(), PartError> {
        loop {
            let current = Arc::clone(&self.current.borrow_and_update());
            let rules = current.config().watch.iter();
            let limited: Vec<_> = rules.filter(|rule| rule.quota.is_some()).collect();
            self.full.keep_only(&limited);
            let any = !limited.is_empty();
            for rule in limited {
                let Some(quota) = &rule.quota else { continue };
                if let Err(error) = self.look(rule, quota).await {
                    tracing::warn!(
                        "cannot keep {} within its quota: {}",
                        rule.name,
                        report::chain(&*error)
                    );
                }
            }
            tokio::select! {
                () = self.stop.set() => return Ok(()),
                Ok(()) = self.current.changed() => {}
                () = sleep(LOOK), if any => {}
            }
        }
    }

    async fn look(&self, rule: &WatchRule, quota: &Quota) -> Result<(), PartError> {
        let listed = rule.clone();
        let listing = tokio::task::spawn_blocking(move || list(&listed, MOST_FILES)).await??;
        let mut files: Vec<_> = listing
            .files
            .into_iter()
            .map(|file| known(rule, file))
            .collect();
        let occupants = |files: &[Known]| -> Vec<Occupant> {
            files.iter().map(|file| file.occupant.clone()).collect()
        };
        if !relieve(quota, &occupants(&files)).is_full {
            self.full.set(rule, false);
            return Ok(());
        }
        let jobs = self.jobs(rule).await?;
        let unfinished = jobs.values().filter(|job| !job.state.is_final()).count();
        for file in &mut files {
            let job = jobs.get(&file.fingerprint.to_string());
            file.job = job.map(|job| job.id);
            file.occupant.standing = standing(job.map(|job| job.state));
        }
        let relief = relieve(quota, &occupants(&files));
        // With nothing of it under way, waiting would be for ever.
        self.full.set(rule, relief.is_full && unfinished > 0);
        for place in relief.delete {
            self.delete(rule, &files[place]).await?;
        }
        Ok(())
    }

    /// What the queue knows of a rule's files, by their fingerprints.
    async fn jobs(&self, rule: &WatchRule) -> Result<HashMap<String, Entry>, DeskError> {
        const PAGE: usize = 500;
        let mut found = HashMap::new();
        let mut after = None;
        loop {
            let all = Filter::default();
            let page = self
                .desk
                .ask(move |queue| queue.list(&all, after, PAGE))
                .await?;
            let Some(last) = page.last() else {
                return Ok(found);
            };
            after = Some(last.id);
            let of_rule = |job: &&Job| matches!(&job.task.origin, Origin::Watch(name) if name.as_str() == rule.name.as_str());
            for job in page.iter().filter(of_rule) {
                if let Some(fingerprint) = &job.task.fingerprint {
                    let entry = Entry {
                        id: job.id,
                        state: job.state(),
                    };
                    found.insert(fingerprint.as_str().to_owned(), entry);
                }
            }
        }
    }

    async fn delete(&self, rule: &WatchRule, file: &Known) -> Result<(), PartError> {
        let path = rule.path.join(&file.occupant.relative);
        let path = report::line(&path.to_string_lossy());
        let lost = file.occupant.standing != Standing::Uploaded;
        if let Some(id) = file.job.filter(|_| lost) {
            let cancelled = self
                .desk
                .ask(move |queue| queue.cancel(&[id], SystemTime::now()))
                .await;
            match cancelled {
                Ok(states) if matches!(states[..], [Ok(State::Cancelled)]) => {}
                // It is under way by now.
                Ok(_) => return Ok(()),
                Err(error) => {
                    told(&error);
                    return Ok(());
                }
            }
        }
        let (folder, relative) = (rule.path.clone(), file.occupant.relative.clone());
        let fingerprint = file.fingerprint;
        let delete = move || dispose(&folder, &relative, fingerprint, &Disposal::Delete);
        if tokio::task::spawn_blocking(delete).await?? != Disposed::Deleted {
            // It is another one by now, or gone.
            return Ok(());
        }
        if lost {
            tracing::error!(
                "{path} is deleted and LOST: {} holds more than its quota",
                rule.name
            );
        } else {
            tracing::warn!(
                "{path}, which is uploaded, is deleted: {} holds more than its quota",
                rule.name
            );
        }
        Ok(())
    }
}

/// What the queue knows of a file.
struct Entry {
    id: JobId,
    state: State,
}

fn known(rule: &WatchRule, (relative, fingerprint): (PathBuf, Fingerprint)) -> Known {
    let since = u64::try_from(fingerprint.modified()).unwrap_or(0);
    Known {
        occupant: Occupant {
            relative,
            size: fingerprint.size(),
            modified: UNIX_EPOCH + Duration::from_nanos(since),
            priority: rule.priority,
            standing: Standing::Busy,
        },
        fingerprint,
        job: None,
    }
}

/// A file that is not in the queue is not complete yet.
fn standing(state: Option<State>) -> Standing {
    match state {
        Some(State::Done) => Standing::Uploaded,
        Some(State::Waiting | State::Failed | State::Cancelled) => Standing::Waiting,
        Some(State::Running | State::Uploaded) | None => Standing::Busy,
    }
}
