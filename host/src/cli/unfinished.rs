//! `sealift unfinished`: multipart uploads that were begun and never ended, and cost storage.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealift::gateway::{Gateway, MOST_UNFINISHED};
use sealift::put::Destination;
use sealift::report;
use sealift::sandbox::{Reach, Trouble, Unfinished};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::args::{self, Global};
use super::failure::ExitStatus;
use super::{Failure, output, setup};

/// An unfinished upload, as `--json` tells it.
#[derive(Serialize)]
struct Told<'a> {
    outcome: &'static str,
    bucket: &'a str,
    key: &'a str,
    upload_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    initiated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) async fn run(global: &Global, command: args::Unfinished) -> Result<(), Failure> {
    let gateway = setup::gateway(global)?;
    gateway.config().s3()?;
    let work = async {
        match command {
            args::Unfinished::List { place } => list(global, &gateway, &place).await,
            args::Unfinished::Abort(abort) => self::abort(global, &gateway, abort).await,
        }
    };
    setup::until_interrupted(work).await?
}

async fn list(global: &Global, gateway: &Gateway, place: &Destination) -> Result<(), Failure> {
    let found = gateway.unfinished(place.bucket(), place.key()).await?;
    if found.is_empty() {
        output::remark(format_args!("no unfinished uploads in {place}"));
    }
    let told = found
        .iter()
        .try_for_each(|upload| tell(global, place.bucket(), upload, "unfinished", None));
    if may_be_more(&found) {
        output::remark(format_args!("{MORE}"));
    }
    told
}

async fn abort(global: &Global, gateway: &Gateway, abort: args::Abort) -> Result<(), Failure> {
    let bucket = abort.place.bucket();
    let (uploads, more) = if let Some(upload_id) = abort.which.upload_id {
        let named = Unfinished {
            key: abort.place.key().to_owned(),
            upload_id,
            initiated: 0,
        };
        (vec![named], false)
    } else {
        let age = abort.which.older_than.unwrap_or_default();
        old(gateway, &abort.place, age).await?
    };
    if uploads.is_empty() {
        output::remark(format_args!(
            "no such unfinished uploads in {}",
            abort.place
        ));
    }
    let mut failures = Vec::new();
    for upload in &uploads {
        match gateway.abort(bucket, upload.clone()).await {
            Ok(()) => tell(global, bucket, upload, "aborted", None)?,
            Err(error) => {
                let text = report::chain(&error);
                tell(global, bucket, upload, "not-aborted", Some(text))?;
                let hopeless = matches!(
                    error.reach(),
                    Reach::All | Reach::Perhaps(Trouble::Unreachable)
                );
                failures.push(Failure::from(error));
                if hopeless {
                    break;
                }
            }
        }
    }
    if more {
        output::remark(format_args!("{MORE}"));
    }
    settle(failures, uploads.len())
}

/// What is said where there may be others that were not looked at.
const MORE: &str = "no more than 1000 unfinished uploads are looked at in one call, and there may be \
    others: call again when these are aborted, or give a longer prefix";

fn may_be_more(found: &[Unfinished]) -> bool {
    found.len() >= MOST_UNFINISHED
}

/// The uploads of the key, or under the prefix, that were begun so long ago, and whether there may be
/// more.
async fn old(
    gateway: &Gateway,
    place: &Destination,
    age: Duration,
) -> Result<(Vec<Unfinished>, bool), Failure> {
    let mut found = gateway.unfinished(place.bucket(), place.key()).await?;
    let more = may_be_more(&found);
    let now = gateway.now();
    found.retain(|upload| {
        let here = place.is_prefix() || upload.key == place.key();
        here && begun(upload)
            .is_some_and(|begun| now.duration_since(begun).is_ok_and(|is| is >= age))
    });
    Ok((found, more))
}

fn begun(upload: &Unfinished) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(upload.initiated))
}

/// The outcome of the call: the only failure as it is, of several the weightiest status.
fn settle(mut failures: Vec<Failure>, uploads: usize) -> Result<(), Failure> {
    match failures.len() {
        0 => Ok(()),
        1 if uploads == 1 => failures.pop().map_or(Ok(()), Err),
        count => {
            let temporary = |failure: &Failure| failure.status == ExitStatus::TryLater;
            let status = if failures.iter().all(temporary) {
                ExitStatus::TryLater
            } else {
                ExitStatus::Failed
            };
            let message = format!("{count} of {uploads} uploads were not aborted");
            Err(Failure::new(status, message))
        }
    }
}

fn tell(
    global: &Global,
    bucket: &str,
    upload: &Unfinished,
    outcome: &'static str,
    error: Option<String>,
) -> Result<(), Failure> {
    let Unfinished { key, upload_id, .. } = upload;
    let initiated = initiated(upload);
    if global.json {
        return output::json(&Told {
            outcome,
            bucket,
            key,
            upload_id,
            initiated,
            error,
        });
    }
    // Keys and ids are the store's words: they must not pass for lines of ours.
    let (key, upload_id) = (report::line(key), report::line(upload_id));
    let initiated = initiated.unwrap_or_else(|| "-".into());
    match error {
        Some(error) => output::remark(format_args!("error: s3://{bucket}/{key}: {error}")),
        None if outcome == "aborted" => {
            output::line(&format!("aborted s3://{bucket}/{key} {upload_id}"))?;
        }
        None => output::line(&format!("{initiated} s3://{bucket}/{key} {upload_id}"))?,
    }
    Ok(())
}

/// In RFC 3339; none for an upload that was only named.
fn initiated(upload: &Unfinished) -> Option<String> {
    let seconds = i64::try_from(upload.initiated).ok().filter(|&at| at > 0)?;
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    time.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: ExitStatus) -> Failure {
        Failure::new(status, "it failed")
    }

    #[test]
    fn one_permanent_failure_makes_the_call_fail_for_good() {
        use ExitStatus::{Failed, TryLater};
        for (statuses, uploads, expected) in [
            (vec![], 2, None),
            (vec![TryLater], 1, Some(TryLater)),
            (vec![Failed], 1, Some(Failed)),
            (vec![TryLater, TryLater], 3, Some(TryLater)),
            (vec![TryLater, Failed], 2, Some(Failed)),
        ] {
            let failures = statuses.into_iter().map(failure).collect();
            let settled = settle(failures, uploads);
            assert_eq!(settled.err().map(|failure| failure.status), expected);
        }
    }

    #[test]
    fn an_upload_that_was_only_named_has_no_date() {
        let upload = |initiated| Unfinished {
            key: String::new(),
            upload_id: String::new(),
            initiated,
        };
        assert_eq!(initiated(&upload(0)), None);
        assert_eq!(initiated(&upload(u64::MAX)), None);
        assert_eq!(
            initiated(&upload(1_767_225_600)).as_deref(),
            Some("2026-01-01T00:00:00Z")
        );
    }
}
