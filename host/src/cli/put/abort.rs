//! `--abort`: nothing of an interrupted upload stays at S3.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sealift::gateway::{Gateway, Observer, Upload};
use sealift::report;
use sealift::sandbox::{Directive, ErrorKind, Step};

use crate::cli::output;

/// How long a user who pressed Ctrl-C waits.
const PATIENCE: Duration = Duration::from_secs(10);

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
    match gateway.upload(upload, Arc::new(Stop)).await {
        Ok(_) => output::remark(format_args!(
            "{object} was complete before it could be aborted"
        )),
        Err(error) if error.kind() == ErrorKind::Cancelled => {}
        Err(error) => output::remark(format_args!(
            "error: cannot abort the upload of {object}: {}",
            report::chain(&error)
        )),
    }
}
