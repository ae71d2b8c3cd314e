//! `sealift put`: files become objects.

mod abort;
mod args;
mod item_error;
mod results;
mod standard_input;
mod summary;
mod suspicion;
mod tally;
mod told;
mod trial;
mod uploads;

use std::sync::Arc;

use sealift::put::Plan;

pub(super) use args::{Conditions, Encryption, Object, Put};

use super::args::Global;
use super::progress::Progress;
use super::{Failure, output, setup};
use tally::Tally;
use trial::Trial;
use uploads::Uploads;

pub(super) async fn run(global: &Global, args: &Put) -> Result<(), Failure> {
    let selection = args.select.selection()?;
    let options = args.options()?;
    let plan = Plan::new(&args.sources, &args.destination, &selection)?;
    let progress = Progress::new(global, &plan, args.select.dry_run);
    let mut tally = Tally::new(global, &plan, &progress, args.transfer.jobs);
    if args.select.dry_run {
        tally.would_be_made(&plan.items);
        return tally.settle();
    }
    let gateway = Arc::new(setup::gateway_at_rate(global, args.transfer.limit_rate)?);
    gateway.config().s3()?;
    let remark = args
        .transfer
        .remark(gateway.config().network.max_connections);
    if let Some(remark) = remark.filter(|_| !global.quiet) {
        output::remark(format_args!("{remark}"));
    }
    let trial = Trial::begin(&gateway, global.component.is_some()).await;
    let uploads = Uploads::new(&gateway, &trial, &plan.bucket, args, options);
    let work = uploads.all(&plan.items, &mut tally, &progress);
    match setup::until_interrupted(work).await {
        Ok(()) => tally.settle(),
        Err(interrupted) => {
            tally.interrupted();
            if args.transfer.abort {
                // Whoever is tired of waiting interrupts this too.
                setup::until_interrupted(abort::all(&gateway, uploads.under_way())).await?;
            }
            Err(interrupted)
        }
    }
}
