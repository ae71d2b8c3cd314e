//! `sealift put`: files become objects.

mod item_error;
mod tally;

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sealift::gateway::{Gateway, Upload};
use sealift::put::{Input, Item, Plan};
use sealift::sandbox::{Outcome, Setting};
use sealift_config::Environment;
use sealift_payload::{Source, SpoolError, spool};

use super::args::{self, Global};
use super::progress::Progress;
use super::{ExitStatus, Failure, output, setup};
use item_error::ItemError;
use tally::Tally;

pub(super) async fn run(global: &Global, args: args::Put) -> Result<(), Failure> {
    let plan = Plan::new(&args.sources, &args.destination, args.recursive)?;
    let gateway = setup::gateway(global)?;
    gateway.config().s3()?;
    let put = Put {
        global,
        gateway,
        plan,
        options: args
            .content_type
            .map(|value| Setting::new("content-type", value))
            .into_iter()
            .collect(),
    };
    setup::until_interrupted(put.all()).await?
}

struct Put<'a> {
    global: &'a Global,
    gateway: Gateway,
    plan: Plan,
    options: Vec<Setting>,
}

impl Put<'_> {
    /// Uploads one after the other. What is wrong with one file does not stop the others; what
    /// would be wrong with all of them does.
    async fn all(&self) -> Result<(), Failure> {
        let Plan {
            bucket,
            items,
            left_out,
        } = &self.plan;
        let alone = items.len() == 1 && left_out.is_empty();
        let mut tally = Tally::new(self.global.json, bucket, items.len());
        for error in left_out {
            tally.left_out(error);
        }
        if items.is_empty() && left_out.is_empty() {
            output::remark("there was nothing to upload");
        }
        for (position, item) in items.iter().enumerate() {
            let begun = Instant::now();
            match self.one(item).await {
                Ok((bytes, outcome)) => tally.made(item, bytes, &outcome, begun.elapsed()),
                Err(error) if alone => {
                    tally.alone(item, &error);
                    return Err(error.into());
                }
                Err(error) => {
                    tally.failed(item, &error);
                    if error.concerns_all() {
                        let temporary = error.status() == ExitStatus::TryLater;
                        tally.not_tried(&items[position + 1..], temporary);
                        break;
                    }
                }
            }
        }
        tally.settle()
    }

    async fn one(&self, item: &Item) -> Result<(u64, Outcome), ItemError> {
        let source = match &item.input {
            Input::File(path) => Source::open(path)?,
            Input::Stdin => self.spool().await?,
        };
        let size = source.len();
        let progress = Progress::new(self.global, &item.key, size);
        let upload = Upload {
            bucket: self.plan.bucket.clone(),
            key: item.key.clone(),
            source,
            options: self.options.clone(),
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
}

/// Makes a directory if it is missing, for this user alone.
fn make_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}
