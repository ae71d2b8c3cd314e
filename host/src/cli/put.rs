//! `sealift put`: files become objects.

mod item_error;
mod standard_input;
mod tally;

use std::sync::Arc;
use std::time::Instant;

use sealift::gateway::{Gateway, Upload};
use sealift::put::{Input, Item, Plan};
use sealift::sandbox::{Options, Outcome, Setting};
use sealift_payload::{Payload, Source};

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
    options: Options,
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
        let source: Payload = match &item.input {
            Input::File(path) => Source::open(path)?.into(),
            Input::Stdin => standard_input::stream(self.gateway.config()).await?.into(),
        };
        let progress = Progress::new(self.global, &item.key, source.len());
        let upload = Upload {
            bucket: self.plan.bucket.clone(),
            key: item.key.clone(),
            source: source.clone(),
            options: self.options.clone(),
        };
        let uploaded = tokio::select! {
            uploaded = self.gateway.upload(upload, Arc::clone(&progress) as _) => uploaded,
            () = progress.draw() => unreachable!("drawing does not end"),
        };
        progress.finish();
        let uploaded = uploaded?;
        Ok((source.len().unwrap_or_default(), uploaded))
    }
}
