//! What is asked about jobs.

use std::collections::BTreeMap;

use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::job::Status;
use super::refusal::Refusal;
use crate::operation::Operation;

/// `/things/{thing}/jobs/{job}` of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) thing: String,
    /// None: `$next`.
    pub(super) job: Option<String>,
}

impl Target {
    pub(super) fn of(request: &Parts) -> Option<Self> {
        let path = request.uri.path().strip_prefix("/things/")?;
        let (thing, job) = path.split_once("/jobs/")?;
        let decoded = |text: &str| -> Option<String> {
            let text = percent_decode_str(text).decode_utf8().ok()?;
            Some(text.into_owned())
        };
        let job = decoded(job)?;
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let job = match job.as_str() {
            "$next" => None,
            id if (1..=64).contains(&id.len()) && id.bytes().all(usual) => Some(job),
            _ => return None,
        };
        let thing = decoded(thing)?;
        Some(Self { thing, job })
    }

    /// What is asked of it.
    pub(super) fn operation(&self, method: &Method) -> Operation {
        match (method.as_str(), &self.job) {
            ("GET", _) => Operation::DescribeJobExecution,
            ("PUT", None) => Operation::StartNextPendingJobExecution,
            ("POST", Some(_)) => Operation::UpdateJobExecution,
            _ => Operation::Unknown,
        }
    }
}

/// Whether the job's document is asked for: unless the query says no.
pub(super) fn with_document(request: &Parts) -> bool {
    let query = request.uri.query().unwrap_or_default();
    !query
        .split('&')
        .any(|part| part == "includeJobDocument=false")
}

/// The body of a start. Times are taken, and no time passes here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Start {
    pub(super) status_details: Option<BTreeMap<String, String>>,
}

/// The body of an update.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    pub(super) status: Status,
    pub(super) status_details: Option<BTreeMap<String, String>>,
    pub(super) expected_version: Option<u64>,
}

/// Details by AWS's rules: at most ten, names of `[a-zA-Z0-9:_-]`, values of 1 to 1024 characters.
pub(super) fn check(details: Option<&BTreeMap<String, String>>) -> Result<(), Refusal> {
    let Some(details) = details else {
        return Ok(());
    };
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
    let fits = |(name, value): (&String, &String)| {
        (1..=128).contains(&name.len())
            && name.bytes().all(usual)
            && (1..=1024).contains(&value.chars().count())
            && !value.contains(char::is_control)
    };
    if details.len() <= 10 && details.iter().all(fits) {
        Ok(())
    } else {
        Err(Refusal::Request("Invalid status details"))
    }
}
