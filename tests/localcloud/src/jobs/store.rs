//! Jobs as files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use tracing::warn;

use super::job::{Job, Status};
use crate::error::Error;
use crate::files::{Access, make_private_directory, read_if_present, write};

/// `ID.json` for each job. They are read anew for each request, so that a job that is put there, or changed by hand,
/// counts at once.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
    /// Held while a job is read and written.
    changing: Mutex<()>,
}

impl Store {
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        make_private_directory(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            changing: Mutex::default(),
        })
    }

    /// The job that is next for a thing: one that has begun before those that wait, and then the oldest.
    pub(super) fn next(&self, thing: &str) -> Result<Option<(String, Job)>, Error> {
        let mut pending = self.all()?;
        pending.retain(|(_, job)| job.thing == thing && job.status.is_pending());
        let rank = |(id, job): &(String, Job)| {
            (job.status != Status::InProgress, job.queued_at, id.clone())
        };
        Ok(pending.into_iter().min_by_key(rank))
    }

    pub(super) fn get(&self, id: &str) -> Result<Option<Job>, Error> {
        let path = self.path(id);
        let Some(text) = read_if_present(&path)? else {
            return Ok(None);
        };
        let job = serde_json::from_str(&text).map_err(|source| Error::Damaged {
            path: path.clone(),
            source: source.into(),
        });
        Ok(Some(dated(job?, &path)))
    }

    /// Changes a job by `change`, unless that refuses.
    pub(super) fn change<T, E: From<Error>>(
        &self,
        id: &str,
        change: impl FnOnce(Option<Job>) -> Result<(Job, T), E>,
    ) -> Result<T, E> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let (job, answer) = change(self.get(id)?)?;
        // Strings and numbers and nothing else: this serialisation has no way to fail.
        let mut text = serde_json::to_vec_pretty(&job).unwrap_or_default();
        text.push(b'\n');
        write(&self.path(id), &text, Access::Public)?;
        Ok(answer)
    }

    /// All that can be read; the others are told.
    fn all(&self) -> Result<Vec<(String, Job)>, Error> {
        let failed = |source: io::Error| Error::file("read", &self.dir)(source);
        let mut jobs = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.strip_suffix(".json")) else {
                continue;
            };
            match self.get(id) {
                Ok(Some(job)) => jobs.push((id.to_owned(), job)),
                Ok(None) => {}
                Err(error) => warn!(id, ?error, "a job is left out"),
            }
        }
        Ok(jobs)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.json"))
    }
}

/// With the time of its file where it has none.
fn dated(job: Job, path: &Path) -> Job {
    if job.queued_at > 0 {
        return job;
    }
    let modified = fs::metadata(path).and_then(|file| file.modified()).ok();
    let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let queued_at = since.map_or(0, |since| since.as_secs());
    Job { queued_at, ..job }
}
