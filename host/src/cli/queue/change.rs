//! `sealift queue retry`, `cancel` and `prune`.

use std::time::{Duration, SystemTime};

use sealift_queue::{JobId, Refusal, State};
use serde::Serialize;

use super::place::Place;
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// `sealift queue retry`: which jobs.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Retry {
    /// Their numbers
    #[arg(value_name = "ID")]
    ids: Vec<JobId>,

    /// All that have failed
    #[arg(long)]
    failed: bool,
}

/// `sealift queue prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Prune {
    /// Those that ended so long ago, such as `7days` or `12h`
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    older_than: Duration,

    /// Those in this state: done, failed or cancelled; may be repeated [default: done and cancelled]
    #[arg(long = "state", value_name = "STATE", value_parser = ended)]
    states: Vec<State>,
}

/// Only what has ended can be forgotten.
#[derive(Debug, thiserror::Error)]
enum NotEnded {
    #[error(transparent)]
    Unknown(#[from] sealift_queue::UnknownState),
    #[error("jobs that are {0} have not ended; call them off first: `sealift queue cancel`")]
    Active(State),
}

/// What was done to one job, as `--json` tells it.
#[derive(Serialize)]
struct Changed {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// To how many jobs something was done, as `--json` tells it.
#[derive(Serialize)]
struct Count {
    outcome: &'static str,
    jobs: u64,
}

pub(super) fn retry(global: &Global, place: &Place, retry: &Retry) -> Result<(), Failure> {
    let queue = place.change()?;
    if retry.failed {
        let jobs = match queue {
            Some(mut queue) => queue.retry_failed()?,
            None => 0,
        };
        return count(global, "retried", jobs);
    }
    let outcomes = match queue {
        Some(mut queue) => queue.retry(&retry.ids)?,
        None => none_there(&retry.ids),
    };
    tell(global, &retry.ids, outcomes)
}

pub(super) fn cancel(global: &Global, place: &Place, ids: &[JobId]) -> Result<(), Failure> {
    let outcomes = match place.change()? {
        Some(mut queue) => queue.cancel(ids, SystemTime::now())?,
        None => none_there(ids),
    };
    tell(global, ids, outcomes)
}

pub(super) fn prune(global: &Global, place: &Place, prune: &Prune) -> Result<(), Failure> {
    let states = match &*prune.states {
        [] => vec![State::Done, State::Cancelled],
        states => states.to_vec(),
    };
    // What ended before 1970 is nothing.
    let before = SystemTime::now().checked_sub(prune.older_than);
    let which = sealift_queue::Prune {
        states,
        finished_before: Some(before.unwrap_or(SystemTime::UNIX_EPOCH)),
        keep: None,
    };
    let jobs = match place.change()? {
        Some(mut queue) => queue.prune(&which)?,
        None => 0,
    };
    count(global, "pruned", jobs)
}

fn ended(text: &str) -> Result<State, NotEnded> {
    let state: State = text.parse()?;
    if state.is_final() {
        Ok(state)
    } else {
        Err(NotEnded::Active(state))
    }
}

fn none_there(ids: &[JobId]) -> Vec<Result<State, Refusal>> {
    let refused = |id: &JobId| Err(Refusal::NoSuchJob { id: *id });
    ids.iter().map(refused).collect()
}

/// What became of each job. The first that nothing was done to is the failure of the call.
fn tell(
    global: &Global,
    ids: &[JobId],
    outcomes: Vec<Result<State, Refusal>>,
) -> Result<(), Failure> {
    let mut failures = Vec::new();
    for (id, outcome) in ids.iter().zip(outcomes) {
        if global.json {
            output::json(&Changed {
                id: id.number(),
                state: outcome.ok().map(State::as_str),
                error: outcome.err().map(|refusal| refusal.to_string()),
            })?;
        } else if let Ok(state) = outcome
            && !global.quiet
        {
            output::line(&format!("job {id} is {state}"))?;
        }
        failures.extend(outcome.err());
    }
    let last = failures.pop();
    for failure in failures {
        output::remark(format_args!("error: {failure}"));
    }
    last.map_or(Ok(()), |refusal| Err(Failure::failed(refusal)))
}

fn count(global: &Global, outcome: &'static str, jobs: u64) -> Result<(), Failure> {
    if global.json {
        return output::json(&Count { outcome, jobs });
    }
    if global.quiet {
        return Ok(());
    }
    let noun = if jobs == 1 { "job" } else { "jobs" };
    output::line(&format!("{jobs} {noun} {outcome}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_ended_is_pruned() {
        for state in State::ALL {
            assert_eq!(ended(state.as_str()).is_ok(), state.is_final(), "{state}");
        }
        assert!(matches!(ended("gone"), Err(NotEnded::Unknown(_))));
    }
}
