//! What becomes of a file whose object is there.

use std::path::{Path, PathBuf};

use sealift_config::WatchRule;
use sealift_queue::{Disposal, Failure, Job, Origin, Outcome};
use sealift_watch::{Disposed, Fingerprint, dispose};

use crate::report;

/// Deletes or moves the file of a job, as its task says, if it is still the version that was uploaded;
/// blocks.
pub(super) fn dispose_of(job: &Job, uploaded: Option<Fingerprint>, rules: &[WatchRule]) -> Outcome {
    let Some(uploaded) = uploaded.or_else(|| queued(job)) else {
        let message = "nobody knows any more which version of the file was uploaded";
        return kept("unverified", message);
    };
    let disposal = match &job.task.disposal {
        Disposal::Keep => sealift_watch::Disposal::Keep,
        Disposal::Delete => sealift_watch::Disposal::Delete,
        Disposal::Move(directory) => sealift_watch::Disposal::Move(directory.as_path().to_owned()),
    };
    let (folder, relative) = place(job, rules);
    match dispose(&folder, &relative, uploaded, &disposal) {
        Ok(Disposed::Changed) => kept("source-changed", "the file has changed since; it stays"),
        Ok(_) => Outcome::Disposed,
        Err(error) => {
            let message = report::chain(&error);
            tracing::warn!(job = job.id.number(), "{message}");
            let failure = Failure::new("disposal", &message);
            Outcome::NotDisposed { failure }
        }
    }
}

fn kept(kind: &str, message: &str) -> Outcome {
    Outcome::Kept {
        failure: Failure::new(kind, message),
    }
}

fn queued(job: &Job) -> Option<Fingerprint> {
    job.task.fingerprint.as_ref()?.as_str().parse().ok()
}

/// The folder of the job's rule and the way from there, through which no link is followed; else that of
/// the file.
fn place(job: &Job, rules: &[WatchRule]) -> (PathBuf, PathBuf) {
    let path = job.task.source.as_path();
    if let Origin::Watch(name) = &job.task.origin
        && let Some(rule) = rules
            .iter()
            .find(|rule| rule.name.as_str() == name.as_str())
        && let Ok(folder) = std::path::absolute(&rule.path)
        && let Ok(relative) = path.strip_prefix(&folder)
    {
        return (folder.clone(), relative.to_owned());
    }
    let parent = path.parent().unwrap_or(Path::new("/"));
    let name = path.file_name().map(PathBuf::from).unwrap_or_default();
    (parent.to_owned(), name)
}
