//! `sealift put`: files become objects.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sealift::gateway::{Gateway, Upload};
use sealift::put::{Input, Item, Plan};
use sealift::report;
use sealift::sandbox::{CallError, Uploaded};
use sealift_config::Environment;
use sealift_payload::{Source, SourceError, SpoolError, spool};
use serde::Serialize;

use super::args::{self, Global};
use super::failure::status_of;
use super::progress::Progress;
use super::{ExitStatus, Failure, output, setup};

/// Why one object was not made.
#[derive(Debug, thiserror::Error)]
enum ItemError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(transparent)]
    SpoolDirectory(#[from] sealift_config::Error),
    #[error(transparent)]
    Upload(#[from] CallError),
}

pub(super) async fn run(global: &Global, args: args::Put) -> Result<(), Failure> {
    let plan = Plan::new(&args.sources, &args.destination, args.recursive)?;
    let gateway = setup::gateway(global)?;
    gateway.config().s3()?;
    let put = Put {
        global,
        gateway,
        bucket: plan.bucket,
        content_type: args.content_type,
    };
    setup::until_interrupted(put.all(plan.items)).await?
}

struct Put<'a> {
    global: &'a Global,
    gateway: Gateway,
    bucket: String,
    content_type: Option<String>,
}

impl Put<'_> {
    /// Uploads one after the other. What is wrong with one file does not stop the others; what
    /// would be wrong with all of them does.
    async fn all(&self, items: Vec<Item>) -> Result<(), Failure> {
        let several = items.len() > 1;
        let mut failures = Failures::default();
        for (position, item) in items.iter().enumerate() {
            let begun = Instant::now();
            match self.one(item).await {
                Ok((bytes, uploaded)) => self.tell(item, bytes, &uploaded, begun.elapsed())?,
                Err(error) => {
                    let hopeless = error.concerns_all();
                    self.tell_failure(item, &error)?;
                    if !several {
                        return Err(error.into());
                    }
                    failures.add(&error);
                    if hopeless {
                        failures.skipped = items.len() - position - 1;
                        failures.last = Some(error);
                        break;
                    }
                    eprintln!("error: {}: {}", item.input, report::chain(&error));
                }
            }
        }
        failures.settle(items.len())
    }

    async fn one(&self, item: &Item) -> Result<(u64, Uploaded), ItemError> {
        let source = match &item.input {
            Input::File(path) => Source::open(path)?,
            Input::Stdin => self.spool().await?,
        };
        let size = source.len();
        let progress = Progress::new(self.global, &item.key, size);
        let upload = Upload {
            bucket: self.bucket.clone(),
            key: item.key.clone(),
            source,
            content_type: self.content_type.clone(),
        };
        let uploaded = tokio::select! {
            uploaded = self.gateway.upload(upload, Arc::clone(&progress) as _) => uploaded,
            () = progress.draw() => unreachable!("drawing does not end"),
        };
        progress.finish();
        Ok((size, uploaded?))
    }

    async fn spool(&self) -> Result<Source, ItemError> {
        let config = self.gateway.config();
        let directory = config.spool_dir(&Environment::of_process())?;
        make_private(&directory).map_err(|source| SpoolError::Write {
            directory: directory.clone(),
            source,
        })?;
        let limit = config.put.spool_limit.bytes();
        Ok(spool(tokio::io::stdin(), &directory, limit).await?)
    }

    fn tell(
        &self,
        item: &Item,
        bytes: u64,
        uploaded: &Uploaded,
        took: Duration,
    ) -> Result<(), Failure> {
        if self.global.json {
            return output::json(&Told {
                source: item.input.to_string(),
                bucket: &self.bucket,
                key: &item.key,
                bytes,
                etag: &uploaded.etag,
                checksum: uploaded
                    .checksum
                    .as_ref()
                    .map(sealift_payload::Checksum::base64),
                checksum_algorithm: uploaded
                    .checksum
                    .as_ref()
                    .map(|checksum| checksum.algorithm().name()),
                version_id: uploaded.version_id.as_deref(),
                attempts: uploaded.attempts,
                reasons: &uploaded.reasons,
                seconds: took.as_secs_f64(),
            });
        }
        if self.global.quiet {
            return Ok(());
        }
        let (bucket, key, seconds) = (&self.bucket, &item.key, took.as_secs_f64());
        let size = indicatif::BinaryBytes(bytes);
        output::line(&format!(
            "{} -> s3://{bucket}/{key} ({size}, {seconds:.2} s)",
            item.input
        ))
    }

    fn tell_failure(&self, item: &Item, error: &ItemError) -> Result<(), Failure> {
        if !self.global.json {
            return Ok(());
        }
        output::json(&Untold {
            source: item.input.to_string(),
            bucket: &self.bucket,
            key: &item.key,
            error: report::chain(error),
            cure: error.cure(),
            temporary: error.status() == ExitStatus::TryLater,
        })
    }
}

/// Makes a directory if it is missing, for this user alone.
fn make_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// An object that was made, as `--json` tells it.
#[derive(Serialize)]
struct Told<'a> {
    source: String,
    bucket: &'a str,
    key: &'a str,
    bytes: u64,
    etag: &'a str,
    checksum: Option<String>,
    checksum_algorithm: Option<&'static str>,
    version_id: Option<&'a str>,
    attempts: u32,
    reasons: &'a [String],
    seconds: f64,
}

/// An object that was not made, as `--json` tells it.
#[derive(Serialize)]
struct Untold<'a> {
    source: String,
    bucket: &'a str,
    key: &'a str,
    error: String,
    cure: Option<&'a str>,
    temporary: bool,
}

/// The objects of a call that were not made.
#[derive(Default)]
struct Failures {
    count: usize,
    skipped: usize,
    permanent: bool,
    last: Option<ItemError>,
}

impl Failures {
    fn add(&mut self, error: &ItemError) {
        self.count += 1;
        self.permanent |= error.status() != ExitStatus::TryLater;
    }

    fn settle(self, of: usize) -> Result<(), Failure> {
        if self.count == 0 {
            return Ok(());
        }
        let status = if self.permanent {
            ExitStatus::Failed
        } else {
            ExitStatus::TryLater
        };
        if let Some(last) = self.last {
            let mut failure = Failure::from(last);
            if self.skipped > 0 {
                eprintln!(
                    "{} of {of} files were not tried, because they would have failed alike",
                    self.skipped
                );
            }
            failure.status = status;
            return Err(failure);
        }
        Err(Failure::new(
            status,
            format!("{} of {of} files were not uploaded", self.count),
        ))
    }
}

impl ItemError {
    fn status(&self) -> ExitStatus {
        match self {
            Self::Upload(error) => status_of(error),
            Self::Source(SourceError::Changed { .. }) => ExitStatus::TryLater,
            Self::SpoolDirectory(_) => ExitStatus::Usage,
            Self::Source(_) | Self::Spool(_) => ExitStatus::Failed,
        }
    }

    fn cure(&self) -> Option<&str> {
        match self {
            Self::Upload(error) => error.cure(),
            Self::Spool(SpoolError::TooLarge { .. }) => {
                Some("raise `put.spool_limit`, or upload a file instead of a stream")
            }
            Self::Spool(SpoolError::DiskFull { .. } | SpoolError::Write { .. }) => {
                Some("`put.spool_dir` names another directory for standard input")
            }
            Self::Source(_) | Self::Spool(_) | Self::SpoolDirectory(_) => None,
        }
    }

    /// Whether the next file would meet the same fate.
    fn concerns_all(&self) -> bool {
        matches!(self, Self::Upload(error) if error.concerns_all())
    }
}

impl From<ItemError> for Failure {
    fn from(error: ItemError) -> Self {
        Self {
            status: error.status(),
            cure: error.cure().map(str::to_owned),
            error: error.into(),
        }
    }
}
