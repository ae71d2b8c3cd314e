//! What an order calls for, as releases stand.

use sealift_release::{Conclusion, Outcome, Refusal, Stage, State};
use semver::Version;

use crate::updates::jobs::{Execution, Order, Progress, Status};

/// What to do about a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is not ours, or nothing of it is new.
    Nothing,
    /// Say how far it is.
    Say(Said),
    /// Begin with it: an update to this version, or to the newest.
    Begin(Option<Version>),
}

/// How far a job is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) progress: Progress,
    pub(super) reason: String,
}

impl Said {
    pub(super) fn new(progress: Progress, reason: &str) -> Self {
        let reason = reason.to_owned();
        Self { progress, reason }
    }
}

/// What a job calls for. Whether it was begun is known from AWS alone, and how far it is from the state on disk: so it is
/// the same after a loss of power.
pub(super) fn decide(execution: &Execution, state: &State) -> Step {
    let wanted = match &execution.order {
        Order::Foreign => return Step::Nothing,
        Order::Unusable(why) => {
            return Step::Say(Said::new(Progress::Rejected, &why.to_string()));
        }
        Order::Update { version } => version.as_ref(),
    };
    let is_wanted = |version: &Version| wanted.is_none_or(|wanted| wanted == version);
    let begun = match execution.status {
        Status::Queued => false,
        Status::InProgress => true,
        _ => return Step::Nothing,
    };
    // A download goes on with each round: the link may have been down.
    if let Stage::Downloading { release } = state.stage()
        && is_wanted(release.version())
    {
        return Step::Begin(wanted.cloned());
    }
    if let Some(release) = state
        .stage()
        .release()
        .filter(|release| is_wanted(release.version()))
    {
        let reason = format!("version {} is {}", release.version(), word(state.stage()));
        return Step::Say(Said::new(Progress::InProgress, &reason));
    }
    // Without a version, the last conclusion may be of long ago; what is newest is for the repository to say.
    let last = state.last();
    let last = last.filter(|last| begun && wanted == Some(&last.version));
    match last {
        Some(last) => Step::Say(concluded(last)),
        None => Step::Begin(wanted.cloned()),
    }
}

fn concluded(last: &Conclusion) -> Said {
    let reason = format!("version {} {}", last.version, last.outcome);
    let progress = match last.outcome {
        Outcome::Committed => Progress::Succeeded,
        Outcome::FailedWithoutRollback { .. }
        | Outcome::FailedAndRolledBack { .. }
        | Outcome::FailedAndUnableToRollBack { .. } => Progress::Failed,
    };
    Said::new(progress, &reason)
}

fn word(stage: &Stage) -> &'static str {
    match stage {
        Stage::Idle { .. } => "idle",
        Stage::Downloading { .. } => "downloading",
        Stage::Verified { .. } => "verified",
        Stage::Staged { .. } => "staged",
        Stage::Trial(_) => "on trial",
        Stage::RollingBack { .. } => "rolling back",
    }
}

/// What is said of a job when no release is taken for it; nothing while another one is under way, which has to end first.
pub(super) fn after_refusal(refusal: &Refusal, state: &State) -> Option<Said> {
    let reason = refusal.to_string();
    match refusal {
        // It may have failed for this very job.
        Refusal::FailedBefore { version, .. } => {
            let last = state.last().filter(|last| last.version == *version);
            Some(last.map_or(Said::new(Progress::Rejected, &reason), concluded))
        }
        Refusal::UpToDate { .. } => Some(Said::new(Progress::Succeeded, &reason)),
        Refusal::UnderWay { .. } | Refusal::TrialUnderWay { .. } => None,
        _ => Some(Said::new(Progress::Rejected, &reason)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_refusal_ends_a_job_unless_another_release_is_on_its_way() {
        let version = Version::new(1, 2, 0);
        let said = |refusal| after_refusal(&refusal, &State::default()).map(|said| said.progress);
        let same = || version.clone();
        assert_eq!(
            said(Refusal::UpToDate { version: same() }),
            Some(Progress::Succeeded)
        );
        assert_eq!(said(Refusal::TrialUnderWay { version: same() }), None);
        assert_eq!(said(Refusal::Held), Some(Progress::Rejected));
        assert_eq!(said(Refusal::NothingOffered), Some(Progress::Rejected));
    }
}
