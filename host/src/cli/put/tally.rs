//! What became of each object: told as it happens, and summed up at the end.

use std::time::Duration;

use indicatif::BinaryBytes;
use sealift::put::{Item, PlanError};
use sealift::report;
use sealift::sandbox::Outcome;
use sealift_payload::Checksum;
use serde::Serialize;

use super::item_error::ItemError;
use crate::cli::{ExitStatus, Failure, output};

/// The objects of one call.
pub(super) struct Tally<'a> {
    json: bool,
    bucket: &'a str,
    planned: usize,
    failed: usize,
    permanent: bool,
    /// The first result that could not be written; uploads go on without a reader.
    unheard: Option<Failure>,
}

/// An object that is there, as `--json` tells it.
#[derive(Serialize)]
struct Made<'a> {
    outcome: &'static str,
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
struct NotMade<'a> {
    source: Option<String>,
    bucket: &'a str,
    key: Option<&'a str>,
    error: String,
    cure: Option<&'a str>,
    temporary: bool,
}

impl<'a> Tally<'a> {
    pub(super) fn new(json: bool, bucket: &'a str, planned: usize) -> Self {
        Self {
            json,
            bucket,
            planned,
            failed: 0,
            permanent: false,
            unheard: None,
        }
    }

    /// An object was made, or was there already.
    pub(super) fn made(&mut self, item: &Item, bytes: u64, outcome: &Outcome, took: Duration) {
        let uploaded = outcome.object();
        let word = match outcome {
            Outcome::Stored(_) => "stored",
            Outcome::AlreadyThere(_) => "already-there",
        };
        let (bucket, key, seconds) = (self.bucket, &item.key, took.as_secs_f64());
        let told = if self.json {
            output::json(&Made {
                outcome: word,
                source: item.input.to_string(),
                bucket,
                key,
                bytes,
                etag: &uploaded.etag,
                checksum: uploaded.checksum.as_ref().map(Checksum::base64),
                checksum_algorithm: uploaded.checksum.as_ref().map(|sum| sum.algorithm().name()),
                version_id: uploaded.version_id.as_deref(),
                attempts: uploaded.attempts,
                reasons: &uploaded.reasons,
                seconds,
            })
        } else if matches!(outcome, Outcome::AlreadyThere(_)) {
            output::line(&format!(
                "{} = s3://{bucket}/{key} (already there)",
                item.input
            ))
        } else {
            let size = BinaryBytes(bytes);
            output::line(&format!(
                "{} -> s3://{bucket}/{key} ({size}, {seconds:.2} s)",
                item.input
            ))
        };
        self.heard(told);
    }

    /// The only object was not made: its error becomes the call's, and is told on standard error
    /// as such.
    pub(super) fn alone(&mut self, item: &Item, error: &ItemError) {
        if self.json {
            let told = output::json(&self.not_made(item, error));
            self.heard(told);
        }
    }

    /// An object was not made.
    pub(super) fn failed(&mut self, item: &Item, error: &ItemError) {
        let told = self.not_made(item, error);
        self.count(told.temporary);
        self.tell(&told);
    }

    fn not_made<'i>(&self, item: &'i Item, error: &'i ItemError) -> NotMade<'i>
    where
        'a: 'i,
    {
        NotMade {
            source: Some(item.input.to_string()),
            bucket: self.bucket,
            key: Some(&item.key),
            error: report::chain(error),
            cure: error.cure(),
            temporary: error.status() == ExitStatus::TryLater,
        }
    }

    /// Something found below a directory cannot become an object.
    pub(super) fn left_out(&mut self, error: &PlanError) {
        self.planned += 1;
        self.count(false);
        let told = NotMade {
            source: None,
            bucket: self.bucket,
            key: None,
            error: report::chain(error),
            cure: None,
            temporary: false,
        };
        self.tell(&told);
    }

    /// The rest is not tried: it would have failed alike.
    pub(super) fn not_tried(&mut self, items: &[Item], temporary: bool) {
        self.failed += items.len();
        if items.is_empty() {
            return;
        }
        let (count, planned) = (items.len(), self.planned);
        output::remark(format_args!(
            "{count} of {planned} files were not tried: they would have failed alike"
        ));
        if !self.json {
            return;
        }
        for item in items {
            let told = output::json(&NotMade {
                source: Some(item.input.to_string()),
                bucket: self.bucket,
                key: Some(&item.key),
                error: "not tried: it would have failed like the one before".into(),
                cure: None,
                temporary,
            });
            self.heard(told);
        }
    }

    /// The outcome of the call.
    pub(super) fn settle(self) -> Result<(), Failure> {
        if self.failed == 0 {
            return self.unheard.map_or(Ok(()), Err);
        }
        let status = if self.permanent {
            ExitStatus::Failed
        } else {
            ExitStatus::TryLater
        };
        let message = format!(
            "{} of {} files were not uploaded",
            self.failed, self.planned
        );
        Err(Failure::new(status, message))
    }

    fn count(&mut self, temporary: bool) {
        self.failed += 1;
        self.permanent |= !temporary;
    }

    fn tell(&mut self, told: &NotMade<'_>) {
        if self.json {
            self.heard(output::json(told));
        }
        let source = told
            .source
            .as_deref()
            .map_or(String::new(), |source| format!("{source}: "));
        output::remark(format_args!("error: {source}{}", told.error));
        if let Some(cure) = told.cure {
            output::remark(format_args!("hint: {cure}"));
        }
    }

    fn heard(&mut self, told: Result<(), Failure>) {
        if let (Err(failure), None) = (told, &self.unheard) {
            self.unheard = Some(failure);
        }
    }
}
