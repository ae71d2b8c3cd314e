//! One attempt to upload the file of a job.

use std::sync::Arc;

use sealift_payload::Source;
use sealift_queue::{Disposal, Failure, Job, Receipt};
use sealift_watch::Fingerprint;

use super::meter::Meter;
use super::verdict::{self, Pause, Sign, Verdict};
use crate::gateway::{Gateway, Upload};
use crate::report;
use crate::sandbox::{Options, Outcome, Setting};

/// What an attempt came to.
#[derive(Clone, Debug)]
pub(super) enum Ended {
    /// The host saw the object confirmed; or the component says that it was there already, of a file that
    /// is kept.
    Stored {
        receipt: Receipt,
        /// Which version of the file that was.
        uploaded: Fingerprint,
    },
    /// It is not there, as far as is known.
    NotStored { verdict: Verdict, sign: Sign },
}

/// Uploads the job's file, if it is still the one that was queued.
pub(super) async fn attempt(gateway: &Gateway, job: &Job, meter: Arc<Meter>) -> Ended {
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
    match gateway.upload_urgently(upload, urgency, meter).await {
        // Nobody saw that but the component, which is not enough to delete a file.
        Ok(Outcome::AlreadyThere(_)) if job.task.disposal != Disposal::Keep => Ended::NotStored {
            verdict: verdict::unverified(job),
            sign: Sign::Reached,
        },
        Ok(outcome) => Ended::Stored {
            receipt: receipt(&outcome),
            uploaded,
        },
        Err(error) => {
            let (verdict, sign) = verdict::of_upload(&error, job);
            Ended::NotStored { verdict, sign }
        }
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

fn receipt(outcome: &Outcome) -> Receipt {
    let object = outcome.object();
    match &object.version_id {
        Some(version) => Receipt::new(&format!("\"{}\" version {version}", object.etag)),
        None => Receipt::new(&format!("\"{}\"", object.etag)),
    }
}
