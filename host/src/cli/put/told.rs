//! What `--json` tells, one object for each result.

use sealift::put::{Item, LeftOut};
use sealift::report;
use sealift::sandbox::{Outcome, Uploaded};
use sealift_payload::Checksum;
use serde::Serialize;

use super::item_error::ItemError;
use crate::cli::ExitStatus;
use crate::cli::progress::Tries;

/// A result.
#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(super) enum Told<'a> {
    /// The object was made.
    Stored(Made<'a>),
    /// It was there already; nothing was sent.
    AlreadyThere(Made<'a>),
    /// It would have been made, without `--dry-run`.
    DryRun(Planned<'a>),
    /// It was not made.
    Failed(NotMade<'a>),
    /// It cannot be an object, and nobody needs to do anything about it.
    LeftOut(NotMade<'a>),
}

/// An object that is there.
#[derive(Serialize)]
pub(super) struct Made<'a> {
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

/// An object that would be made.
#[derive(Serialize)]
pub(super) struct Planned<'a> {
    source: String,
    bucket: &'a str,
    key: &'a str,
    /// Unknown for standard input.
    bytes: Option<u64>,
}

/// An object that was not made.
#[derive(Serialize)]
pub(super) struct NotMade<'a> {
    source: String,
    bucket: &'a str,
    /// None where the name cannot be a key.
    key: Option<&'a str>,
    pub(super) error: String,
    cure: Option<&'a str>,
    /// Whether the same call may work later without anybody doing anything.
    temporary: bool,
    /// Requests made to carry it.
    attempts: u32,
    /// Why they failed, but for the last, which is the error.
    reasons: Vec<String>,
}

impl<'a> Told<'a> {
    pub(super) fn made(
        item: &'a Item,
        bucket: &'a str,
        bytes: u64,
        outcome: &'a Outcome,
        seconds: f64,
    ) -> Self {
        let made = |object: &'a Uploaded| Made {
            source: item.input.to_string(),
            bucket,
            key: &item.key,
            bytes,
            etag: &object.etag,
            checksum: object.checksum.as_ref().map(Checksum::base64),
            checksum_algorithm: object.checksum.as_ref().map(|sum| sum.algorithm().name()),
            version_id: object.version_id.as_deref(),
            attempts: object.attempts,
            reasons: &object.reasons,
            seconds,
        };
        match outcome {
            Outcome::Stored(object) => Self::Stored(made(object)),
            Outcome::AlreadyThere(object) => Self::AlreadyThere(made(object)),
        }
    }

    pub(super) fn planned(item: &'a Item, bucket: &'a str) -> Self {
        Self::DryRun(Planned {
            source: item.input.to_string(),
            bucket,
            key: &item.key,
            bytes: item.size,
        })
    }

    pub(super) fn failed(
        item: &'a Item,
        bucket: &'a str,
        error: &'a ItemError,
        tries: Tries,
    ) -> Self {
        Self::Failed(NotMade {
            source: item.input.to_string(),
            bucket,
            key: Some(&item.key),
            error: report::chain(error),
            cure: error.cure(),
            temporary: error.status() == ExitStatus::TryLater,
            attempts: tries.attempts,
            reasons: tries.reasons.into(),
        })
    }

    pub(super) fn not_tried(item: &'a Item, bucket: &'a str, temporary: bool) -> Self {
        Self::Failed(NotMade {
            source: item.input.to_string(),
            bucket,
            key: Some(&item.key),
            error: "not tried: it would have failed like the ones before".into(),
            cure: None,
            temporary,
            attempts: 0,
            reasons: Vec::new(),
        })
    }

    pub(super) fn left_out(entry: &'a LeftOut, bucket: &'a str) -> Self {
        let told = NotMade {
            source: report::line(&entry.path.to_string_lossy()),
            bucket,
            key: entry.key.as_deref(),
            error: report::chain(&entry.reason),
            cure: None,
            temporary: false,
            attempts: 0,
            reasons: Vec::new(),
        };
        if entry.reason.is_failure() {
            Self::Failed(told)
        } else {
            Self::LeftOut(told)
        }
    }
}
