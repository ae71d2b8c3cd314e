//! `sealift release check`.

use std::time::{Duration, SystemTime};

use sealift::report;
use sealift_release::publish::{Expiry, Keys, Report};
use serde::Serialize;

use super::repository::Repository;
use super::told::{Told as Release, time};
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// `sealift release check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    repository: Repository,

    /// Fail also if something expires so soon, such as `3days`
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    expires_within: Option<Duration>,
}

/// What is soon over.
#[derive(Debug, thiserror::Error)]
#[error(
    "the {role} expires at {expires}; sign a new one with `sealift release sign`, or for the root `sealift release rotate`"
)]
struct Soon {
    role: String,
    expires: String,
}

/// A repository, as `--json` tells it.
#[derive(Serialize)]
struct Told {
    /// Whether devices take it.
    good: bool,
    /// Why they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    roles: Vec<Standing>,
    releases: Vec<Release>,
    /// Components that this version of the host does not understand, and why.
    strange: Vec<String>,
    /// Roles of which there is something that is not published.
    drafts: Vec<String>,
}

#[derive(Serialize)]
struct Standing {
    role: String,
    version: u64,
    expires: String,
    /// None if it is over.
    seconds_left: u64,
    threshold: u64,
    keys: Vec<String>,
}

pub(super) async fn run(global: &Global, args: &Check) -> Result<(), Failure> {
    let publisher = args.repository.open(&[])?;
    let now = SystemTime::now();
    // Until when it counts is told also if that is over.
    let (expiries, keys) = (publisher.expiries()?, publisher.keys()?);
    let checked = publisher.check(now).await.map_err(Failure::from);
    let checked = checked.and_then(|report| {
        soon(&expiries, now, args.expires_within)?;
        Ok(report)
    });
    let told = Told::new(&expiries, &keys, &checked, now);
    if global.json {
        output::json(&told)?;
    } else if !global.quiet {
        told.print()?;
    }
    checked.map(drop)
}

fn soon(expiries: &[Expiry], now: SystemTime, within: Option<Duration>) -> Result<(), Failure> {
    let Some(within) = within else {
        return Ok(());
    };
    let left = |expiry: &Expiry| expiry.expires.duration_since(now).unwrap_or_default();
    match expiries.iter().find(|expiry| left(expiry) < within) {
        None => Ok(()),
        Some(expiry) => Err(Failure::failed(Soon {
            role: expiry.role.to_string(),
            expires: time(expiry.expires),
        })),
    }
}

impl Told {
    fn new(
        expiries: &[Expiry],
        keys: &[Keys],
        checked: &Result<Report, Failure>,
        now: SystemTime,
    ) -> Self {
        let (report, failure) = match checked {
            Ok(report) => (Some(report), None),
            Err(failure) => (None, Some(failure)),
        };
        let roles = expiries.iter().map(|expiry| {
            let keys = keys.iter().find(|keys| keys.role == expiry.role);
            let left = expiry.expires.duration_since(now).unwrap_or_default();
            Standing {
                role: expiry.role.to_string(),
                version: expiry.version,
                expires: time(expiry.expires),
                seconds_left: left.as_secs(),
                threshold: keys.map_or(0, |keys| keys.threshold),
                keys: keys
                    .iter()
                    .flat_map(|keys| &keys.ids)
                    .map(ToString::to_string)
                    .collect(),
            }
        });
        let releases = report.iter().flat_map(|report| &report.releases);
        let strange = report.iter().flat_map(|report| &report.strange);
        let drafts = report.iter().flat_map(|report| &report.drafts);
        Self {
            good: failure.is_none(),
            error: failure.map(|failure| report::chain(&*failure.error)),
            roles: roles.collect(),
            releases: releases.map(Release::from).collect(),
            strange: strange
                .map(|strange| format!("{}: {}", strange.name, strange.why))
                .collect(),
            drafts: drafts.map(ToString::to_string).collect(),
        }
    }

    fn print(&self) -> Result<(), Failure> {
        for role in &self.roles {
            output::line(&format!(
                "{:<10} version {}, until {}; {} of these have to sign:",
                role.role, role.version, role.expires, role.threshold
            ))?;
            for key in &role.keys {
                output::line(&format!("{:<10} {key}", ""))?;
            }
        }
        for release in &self.releases {
            output::line(&format!("release    {}", release.line()))?;
        }
        for strange in &self.strange {
            output::line(&format!("strange    {}", report::line(strange)))?;
        }
        if !self.drafts.is_empty() {
            let drafts = self.drafts.join(", ");
            output::line(&format!(
                "not published yet, for lack of signatures: {drafts}"
            ))?;
        }
        Ok(())
    }
}
