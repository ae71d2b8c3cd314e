//! `--abort`: nothing of an interrupted upload stays at S3.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sealift::gateway::{Gateway, Observer, Upload};
use sealift::report;
use sealift::sandbox::{CallError, Directive, ErrorKind, Outcome, Step};
use sealift_payload::Payload;

use crate::cli::output;

/// How long a user who pressed Ctrl-C waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at a journal that the interrupted job still holds.
const GLANCE: Duration = Duration::from_millis(10);

/// Tells a job to stop, at each of its steps: the component then aborts what its journal knows.
struct Stop;

impl Observer for Stop {
    fn step(&self, _step: &Step) -> Directive {
        Directive::Stop
    }
}

/// Takes up each of the uploads once more, only to have it aborted.
pub(super) async fn all(gateway: &Gateway, uploads: impl Iterator<Item = Upload>) {
    let aborting: FuturesUnordered<_> = uploads.map(|upload| one(gateway, upload)).collect();
    let count = aborting.len();
    let done = aborting.count();
    if tokio::time::timeout(PATIENCE, done).await.is_err() {
        output::remark(format_args!(
            "not all of {count} uploads could be aborted within {} s; the same `put` goes on with them, \
             and the bucket's lifecycle rule for incomplete uploads removes them",
            PATIENCE.as_secs()
        ));
    }
}

async fn one(gateway: &Gateway, upload: Upload) {
    let object = format!("s3://{}/{}", upload.bucket, upload.key);
    if let Payload::Stream(stream) = &upload.source {
        // Whoever writes to it may not do so for long, and nothing of it is wanted any more.
        stream.abandon();
    }
    match once_it_is_free(gateway, upload).await {
        Ok(_) => output::remark(format_args!(
            "{object} was complete before it could be aborted"
        )),
        Err(error) if error.kind() == ErrorKind::Cancelled => {
            if let Some(cure) = error.cure() {
                output::remark(format_args!("hint: {object}: {cure}"));
            }
        }
        Err(error) => output::remark(format_args!(
            "error: cannot abort the upload of {object}: {}",
            report::chain(&error)
        )),
    }
}

/// The interrupted job may be writing the last of its records yet, on a thread that nothing stops: so long
/// the journal is its.
async fn once_it_is_free(gateway: &Gateway, upload: Upload) -> Result<Outcome, CallError> {
    loop {
        match gateway.upload(upload.clone(), Arc::new(Stop)).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {
                tokio::time::sleep(GLANCE).await;
            }
            ended => return ended,
        }
    }
}
