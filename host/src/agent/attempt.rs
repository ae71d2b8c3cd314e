//! One attempt to upload the file of a job.

use std::sync::Arc;

use sealift_payload::Source;
use sealift_queue::{Failure, Job, Receipt};
use sealift_watch::Fingerprint;

use super::meter::Meter;
use super::verdict::{self, Pause, Sign, Verdict};
use crate::gateway::{Gateway, Upload};
use crate::report;
use crate::sandbox::{Options, Outcome, Setting, Uploaded};
use crate::updates::{self, RanOn, Releases};

/// What an attempt came to.
#[derive(Clone, Debug)]
pub(super) enum Ended {
    /// The host saw the object confirmed.
    Stored {
        receipt: Receipt,
        /// Which version of the file that was.
        uploaded: Fingerprint,
        /// What it ran on.
        on: RanOn,
    },
    /// It is not there, as far as is known.
    NotStored { verdict: Verdict, sign: Sign },
}

/// Uploads the job's file, if it is still the one that was queued.
pub(super) async fn attempt(
    gateway: &Arc<Gateway>,
    releases: &Arc<Releases>,
    job: &Job,
    meter: Arc<Meter>,
) -> Ended {
    let source = match open(job).await {
        Ok(source) => source,
        Err(verdict) => {
            let sign = Sign::None;
            return Ended::NotStored { verdict, sign };
        }
    };
    let uploaded = Fingerprint::from(source.fingerprint());
    let settings = job.task.settings.iter();
    let options: Options = settings
        .map(|(name, value)| Setting::new(name, value))
        .collect();
    let upload = Upload {
        bucket: job.task.target.bucket().to_owned(),
        key: job.task.target.key().to_owned(),
        source: source.into(),
        options,
    };
    let urgency = u8::try_from(job.task.priority).unwrap_or(0);
    let (outcome, on) = updates::upload(gateway, releases, upload, urgency, meter).await;
    match outcome {
        Ok(outcome) => ended(&outcome, job, uploaded, on),
        Err(error) => {
            let (verdict, sign) = verdict::of_upload(&error, job);
            Ended::NotStored { verdict, sign }
        }
    }
}

/// What to make of an upload that the component calls done. That the object was there already, nobody saw but
/// the component, and no file may go for that: neither now nor when its folder is full.
fn ended(outcome: &Outcome, job: &Job, uploaded: Fingerprint, on: RanOn) -> Ended {
    match outcome {
        Outcome::Stored(object) => Ended::Stored {
            receipt: receipt(object),
            uploaded,
            on,
        },
        Outcome::AlreadyThere(_) => Ended::NotStored {
            verdict: verdict::unverified(job),
            sign: Sign::Reached,
        },
    }
}

/// Opens the file on a thread of its own: its file system may hang.
async fn open(job: &Job) -> Result<Source, Verdict> {
    let path = job.task.source.clone();
    let opened = tokio::task::spawn_blocking(move || Source::open(path.as_path())).await;
    let source = match opened {
        Ok(opened) => opened.map_err(|error| verdict::of_source(&error, job))?,
        Err(error) => {
            return Err(Verdict::Retry {
                failure: Failure::new("internal", &report::line(&error.to_string())),
                pause: Pause::Backoff(std::time::Duration::ZERO),
            });
        }
    };
    let queued = job.task.fingerprint.as_ref();
    let is_another =
        queued.is_some_and(|queued| queued.as_str() != source.fingerprint().to_string());
    if is_another {
        let message = "the file is not the one that was queued any more; queue it again";
        let failure = Failure::new("source-changed", message);
        return Err(verdict::changed(job, failure));
    }
    Ok(source)
}

fn receipt(object: &Uploaded) -> Receipt {
    match &object.version_id {
        Some(version) => Receipt::new(&format!("\"{}\" version {version}", object.etag)),
        None => Receipt::new(&format!("\"{}\"", object.etag)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use sealift_queue::{Disposal, Origin};

    use super::*;
    use crate::agent::test_jobs;

    fn object() -> Uploaded {
        Uploaded {
            etag: "e".to_owned(),
            checksum: None,
            version_id: None,
            attempts: 1,
            reasons: Vec::new(),
        }
    }

    #[test]
    fn no_file_counts_as_stored_because_the_component_says_that_it_was_there() {
        let uploaded = "1-2-3-4".parse().unwrap();
        let mut job = test_jobs::job(Origin::Command);
        for disposal in [Disposal::Keep, Disposal::Delete] {
            job.task.disposal = disposal;
            let found = ended(
                &Outcome::AlreadyThere(object()),
                &job,
                uploaded,
                RanOn::Settled,
            );
            assert!(matches!(found, Ended::NotStored { .. }), "{found:?}");
            let stored = ended(&Outcome::Stored(object()), &job, uploaded, RanOn::Settled);
            assert!(matches!(stored, Ended::Stored { .. }), "{stored:?}");
        }
    }
}
