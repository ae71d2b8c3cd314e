//! A job as it is told.

use std::collections::BTreeMap;
use std::time::SystemTime;

use indicatif::BinaryBytes;
use sealift::report;
use sealift_queue::{Job, Stage};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cli::{Failure, output};

/// Over [`row`]s.
pub(super) const HEADING: &str = "    ID  STATE      PRIORITY  TRIES        SIZE  FILE";

/// A job, as `--json` tells it. What there is none of is left out. Paths that are not UTF-8 are told as well
/// as it goes.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    id: i64,
    state: &'static str,
    source: String,
    bucket: &'a str,
    key: &'a str,
    /// Bytes of the file when it was queued.
    size: u64,
    priority: i8,
    after: String,
    origin: String,
    settings: BTreeMap<&'a str, &'a str>,
    attempts: u32,
    /// Bytes in all attempts.
    sent: u64,
    added: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cancelling: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ToldFailure<'a>>,
}

#[derive(Serialize)]
struct ToldFailure<'a> {
    kind: &'a str,
    message: &'a str,
}

impl<'a> From<&'a Job> for Told<'a> {
    fn from(job: &'a Job) -> Self {
        let task = &job.task;
        let not_before = match &job.stage {
            Stage::Waiting { not_before } => *not_before,
            _ => None,
        };
        let receipt = match &job.stage {
            Stage::Uploaded { receipt } | Stage::Done { receipt, .. } => Some(receipt.as_str()),
            _ => None,
        };
        Self {
            id: job.id.number(),
            state: job.state().as_str(),
            source: task.source.as_path().to_string_lossy().into_owned(),
            bucket: task.target.bucket(),
            key: task.target.key(),
            size: task.size,
            priority: task.priority,
            after: task.disposal.to_string(),
            origin: task.origin.to_string(),
            settings: task.settings.iter().collect(),
            attempts: job.attempts,
            sent: job.sent,
            added: time(job.added),
            last_attempt: job.last_attempt.map(time),
            not_before: not_before.map(time),
            finished: job.stage.finished().map(time),
            cancelling: is_cancelling(job),
            receipt,
            error: job.failure.as_ref().map(|failure| ToldFailure {
                kind: failure.kind(),
                message: failure.message(),
            }),
        }
    }
}

/// One line of a list, and why the last attempt failed in a second one.
pub(super) fn row(job: &Job) -> Result<(), Failure> {
    let state = if is_cancelling(job) {
        "cancelling"
    } else {
        job.state().as_str()
    };
    output::line(&format!(
        "{:>6}  {state:<10} {:>8}  {:>5}  {:>10}  {} -> {}",
        job.id,
        job.task.priority,
        job.attempts,
        BinaryBytes(job.task.size).to_string(),
        source(job),
        target(job)
    ))?;
    job.failure.as_ref().map_or(Ok(()), |failure| {
        let message = report::line(failure.message());
        output::line(&format!("        {}: {message}", failure.kind()))
    })
}

/// All that is known of it, a line for each fact.
pub(super) fn all(job: &Job) -> Result<(), Failure> {
    let told = Told::from(job);
    let settings = told.settings.iter();
    let settings: Vec<_> = settings
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let error = told.error.as_ref();
    let facts = [
        ("job", Some(told.id.to_string())),
        ("state", Some(told.state.to_owned())),
        (
            "cancelling",
            told.cancelling
                .then(|| "as soon as it can be stopped".into()),
        ),
        ("file", Some(source(job))),
        ("to", Some(target(job))),
        ("size", Some(format!("{} bytes", told.size))),
        ("priority", Some(told.priority.to_string())),
        ("after", Some(told.after.clone())),
        ("origin", Some(told.origin.clone())),
        (
            "settings",
            Some(settings.join(" ")).filter(|it| !it.is_empty()),
        ),
        ("added", Some(told.added.clone())),
        ("tries", Some(told.attempts.to_string())),
        ("last try", told.last_attempt.clone()),
        ("not before", told.not_before.clone()),
        ("sent", Some(format!("{} bytes", told.sent))),
        ("finished", told.finished.clone()),
        ("receipt", told.receipt.map(str::to_owned)),
        (
            "error",
            error.map(|error| format!("{}: {}", error.kind, error.message)),
        ),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            output::line(&format!("{name:<12}{}", report::line(&value)))?;
        }
    }
    Ok(())
}

fn source(job: &Job) -> String {
    report::line(&job.task.source.as_path().to_string_lossy())
}

fn target(job: &Job) -> String {
    let target = &job.task.target;
    report::line(&format!("s3://{}/{}", target.bucket(), target.key()))
}

fn is_cancelling(job: &Job) -> bool {
    matches!(
        job.stage,
        Stage::Running {
            cancelling: true,
            ..
        }
    )
}

/// The queue knows no time that RFC 3339 has no form for.
fn time(moment: SystemTime) -> String {
    let moment = OffsetDateTime::from(moment);
    moment.format(&Rfc3339).unwrap_or_default()
}
