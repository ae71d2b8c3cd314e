//! What became of each object: told as it happens, and summed up at the end.

use std::time::{Duration, Instant};

use indicatif::BinaryBytes;
use sealift::put::{Item, LeftOut, Plan};
use sealift::report;
use sealift::sandbox::{Outcome, Reach};

use super::item_error::ItemError;
use super::results::Results;
use super::summary::{Counts, Summary};
use super::suspicion::Suspicion;
use super::told::Told;
use super::uploads::Finished;
use crate::cli::args::Global;
use crate::cli::progress::{Progress, Tries};
use crate::cli::{ExitStatus, Failure, output};

/// The objects of one call.
pub(super) struct Tally<'a> {
    global: &'a Global,
    bucket: &'a str,
    progress: &'a Progress,
    results: Results,
    counts: Counts,
    begun: Instant,
    /// Whether one object is all that the call is about: its error becomes the call's.
    alone: bool,
    alone_failed: Option<Failure>,
    /// Whether something failed that will fail again.
    permanent: bool,
    suspicion: Suspicion,
    common: Option<Common>,
}

/// What is wrong with all objects of the call.
struct Common {
    error: String,
    temporary: bool,
    /// Whether only many failures alike speak for it.
    suspected: bool,
    /// How many others failed of it.
    alike: usize,
}

impl<'a> Tally<'a> {
    /// Begins with what the plan left out; so many files will be under way at once.
    pub(super) fn new(
        global: &'a Global,
        plan: &'a Plan,
        progress: &'a Progress,
        jobs: u8,
    ) -> Self {
        let mut tally = Self {
            global,
            bucket: &plan.bucket,
            progress,
            results: Results::new(),
            counts: Counts {
                planned: plan.items.len(),
                ..Counts::default()
            },
            begun: Instant::now(),
            alone: plan.items.len() == 1 && plan.left_out.is_empty(),
            alone_failed: None,
            permanent: false,
            suspicion: Suspicion::new(jobs),
            common: None,
        };
        for entry in &plan.left_out {
            tally.left_out(entry);
        }
        if plan.items.is_empty() && plan.left_out.is_empty() {
            tally.remark(format_args!("there was nothing to upload"));
        }
        tally
    }

    /// Nothing is uploaded; this is what would be.
    pub(super) fn would_be_made(&mut self, items: &[Item]) {
        for item in items {
            self.counts.dry += 1;
            self.counts.bytes += item.size.unwrap_or(0);
            if self.global.json {
                self.results.json(&Told::planned(item, self.bucket));
            } else if !self.global.quiet {
                let size = item.size.map(|size| format!(", {}", BinaryBytes(size)));
                self.results.line(&format!(
                    "{} -> s3://{}/{} (dry run{})",
                    item.input,
                    self.bucket,
                    item.key,
                    size.unwrap_or_default()
                ));
            }
        }
    }

    /// An upload came to its end.
    pub(super) fn finished(&mut self, finished: Finished<'_>) {
        let Finished {
            item,
            took,
            outcome,
            tries,
        } = finished;
        match outcome {
            Ok((bytes, outcome)) => self.made(item, bytes, &outcome, took),
            Err(error) => self.failed(item, error, tries),
        }
    }

    /// Whether what concerns all objects went wrong, so that there is no use in trying others.
    pub(super) fn hopeless(&self) -> bool {
        self.common.is_some()
    }

    /// The rest is not tried.
    pub(super) fn not_tried<'i>(&mut self, items: impl Iterator<Item = &'i Item>) {
        let Some(Common {
            temporary, alike, ..
        }) = self.common
        else {
            return;
        };
        let mut count = 0;
        for item in items {
            count += 1;
            if self.global.json {
                let told = Told::not_tried(item, self.bucket, temporary);
                self.results.json(&told);
            }
        }
        self.counts.failed += count;
        let planned = self.counts.planned;
        let what = match (alike, count) {
            (0, 0) => return,
            (0, _) => format!("{count} of {planned} files were not tried"),
            (_, 0) => format!("{alike} of {planned} files failed alike"),
            (_, _) => {
                format!("{alike} of {planned} files failed alike, and {count} were not tried")
            }
        };
        self.progress
            .suspend(|| output::remark(format_args!("{what}: something is wrong for all of them")));
    }

    /// Lets go the results so far.
    pub(super) fn flush(&mut self) {
        let results = &mut self.results;
        self.progress.suspend(|| results.flush());
    }

    /// Somebody wants no more.
    pub(super) fn interrupted(&mut self) {
        self.progress.finish();
        self.results.flush();
        self.sum_up();
    }

    /// The outcome of the call.
    pub(super) fn settle(mut self) -> Result<(), Failure> {
        self.progress.finish();
        self.results.flush();
        self.sum_up();
        if let Some(failure) = self.alone_failed {
            return Err(failure);
        }
        if self.counts.failed == 0 {
            return self.results.end();
        }
        let status = if self.permanent {
            ExitStatus::Failed
        } else {
            ExitStatus::TryLater
        };
        let message = format!(
            "{} of {} files were not uploaded",
            self.counts.failed, self.counts.planned
        );
        Err(Failure::new(status, message))
    }

    fn made(&mut self, item: &Item, bytes: u64, outcome: &Outcome, took: Duration) {
        self.suspicion.allay();
        // What was under way when the others seemed to be hopeless shows that they are not.
        self.common.take_if(|common| common.suspected);
        match outcome {
            Outcome::Stored(_) => {
                self.counts.stored += 1;
                self.counts.bytes += bytes;
            }
            Outcome::AlreadyThere(_) => self.counts.already_there += 1,
        }
        let (bucket, key, seconds) = (self.bucket, &item.key, took.as_secs_f64());
        let results = &mut self.results;
        if self.global.json {
            results.json(&Told::made(item, bucket, bytes, outcome, seconds));
        } else if !self.global.quiet {
            let line = match outcome {
                Outcome::Stored(_) => format!(
                    "{} -> s3://{bucket}/{key} ({}, {seconds:.2} s)",
                    item.input,
                    BinaryBytes(bytes)
                ),
                Outcome::AlreadyThere(_) => {
                    format!("{} = s3://{bucket}/{key} (already there)", item.input)
                }
            };
            self.progress.suspend(|| results.line(&line));
        }
    }

    fn failed(&mut self, item: &Item, error: ItemError, tries: Tries) {
        let temporary = error.status() == ExitStatus::TryLater;
        self.counts.failed += 1;
        self.permanent |= !temporary;
        if self.global.json {
            let told = Told::failed(item, self.bucket, &error, tries);
            self.results.json(&told);
        }
        if self.alone {
            self.alone_failed = Some(error.into());
            return;
        }
        let text = report::chain(&error);
        match &mut self.common {
            Some(common) if common.error == text => common.alike += 1,
            _ => self.complain(&format!("{}: {text}", item.input), error.cure()),
        }
        let reach = error.reach();
        let suspected = reach != Reach::All;
        if self.suspicion.confirm(reach) && self.common.is_none() {
            self.common = Some(Common {
                error: text,
                temporary,
                suspected,
                alike: 0,
            });
        }
    }

    fn left_out(&mut self, entry: &LeftOut) {
        if self.global.json {
            self.results.json(&Told::left_out(entry, self.bucket));
        }
        let reason = report::chain(&entry.reason);
        if entry.reason.is_failure() {
            self.counts.planned += 1;
            self.counts.failed += 1;
            self.permanent = true;
            self.complain(&reason, None);
        } else {
            self.counts.left_out += 1;
            self.remark(format_args!("left out: {reason}"));
        }
    }

    fn complain(&self, error: &str, cure: Option<&str>) {
        self.progress.suspend(|| {
            output::remark(format_args!("error: {error}"));
            if let Some(cure) = cure {
                output::remark(format_args!("hint: {cure}"));
            }
        });
    }

    /// More than one file has a sum.
    fn sum_up(&self) {
        if self.counts.planned + self.counts.left_out > 1 {
            let summary = Summary {
                counts: self.counts,
                took: self.begun.elapsed(),
            };
            self.remark(format_args!("{summary}"));
        }
    }

    /// Says what is no error.
    fn remark(&self, text: std::fmt::Arguments<'_>) {
        if !self.global.quiet {
            output::remark(text);
        }
    }
}

#[cfg(test)]
mod tests;
