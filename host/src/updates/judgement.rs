//! What the end of a job says about the component that it ran on.

use std::mem::discriminant;

use sealift_release::{Note, Verdict};

use crate::report;
use crate::sandbox::{CallError, Cause, ErrorKind, Outcome};

/// What is known of a component when one of its jobs has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// This, whatever other components would have done.
    Certain(Verdict),
    /// It depends on whether the same goes better on what is settled.
    Comparison,
    /// The network failed, as the host saw. That says something only if it does again and again, and not for others.
    Network,
}

/// Judges a component by one of its jobs.
pub(super) fn judge(outcome: &Result<Outcome, CallError>) -> Judgement {
    match outcome {
        Ok(Outcome::Stored(_)) => Judgement::Certain(Verdict::Succeeded),
        // Nobody saw that but the component.
        Ok(Outcome::AlreadyThere(_)) => Judgement::Comparison,
        Err(error) => of_error(error),
    }
}

fn of_error(error: &CallError) -> Judgement {
    let note = || Note::from(report::chain(error));
    Judgement::Certain(match error {
        CallError::NoCredentials(inner) => return of_error(inner),
        CallError::Trapped(_) => Verdict::Trapped { note: note() },
        CallError::OutOfTime { .. } | CallError::OutOfMemory { .. } => {
            Verdict::OverLimits { note: note() }
        }
        CallError::Stalled { .. } => Verdict::TimedOut,
        CallError::Unconfirmed => Verdict::Unproven,
        // No component has anything to do with these.
        CallError::NoStore(_) | CallError::Journal(_) | CallError::NotTaken(_) => {
            Verdict::Inconclusive
        }
        CallError::Answered { cause, .. } | CallError::RetriesSpent { cause, .. } => match cause {
            Some(Cause::Network(error)) if error.is_transient() => return Judgement::Network,
            Some(Cause::Source(_) | Cause::Stream(_)) => Verdict::Inconclusive,
            // That a request was denied is the component's doing.
            Some(Cause::Network(_)) | None => return Judgement::Comparison,
        },
        CallError::Overdue { .. } => return Judgement::Comparison,
    })
}

/// The verdict when the same job was run on what is settled too. What both of them do is the job's fault.
pub(super) fn compare(tried: Judgement, settled: &Result<Outcome, CallError>) -> Verdict {
    let is_stored = matches!(settled, Ok(Outcome::Stored(_)));
    match tried {
        Judgement::Certain(verdict) => match judge(settled) {
            Judgement::Certain(other) if discriminant(&other) == discriminant(&verdict) => {
                Verdict::Inconclusive
            }
            _ => verdict,
        },
        Judgement::Comparison if is_stored => Verdict::Failed,
        Judgement::Comparison | Judgement::Network => Verdict::Inconclusive,
    }
}

/// Whether a job on what is settled counts as one that failed, where that is to be compared with another component's.
pub(super) fn counts(settled: &Result<Outcome, CallError>) -> Option<bool> {
    match judge(settled) {
        Judgement::Certain(Verdict::Succeeded) => Some(true),
        Judgement::Certain(Verdict::Inconclusive) | Judgement::Network => None,
        Judgement::Comparison if is_nobodys(settled) => None,
        Judgement::Certain(_) | Judgement::Comparison => Some(false),
    }
}

/// The object was there already, or somebody called the job off.
fn is_nobodys(outcome: &Result<Outcome, CallError>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::Cancelled,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;
    use std::time::Duration;

    use sealift_payload::Source;

    use super::*;
    use crate::sandbox::{Answer, Uploaded};

    fn answered(kind: ErrorKind, cause: Option<Cause>) -> CallError {
        CallError::Answered {
            answer: Box::new(Answer::new(kind, "failed")),
            cause,
        }
    }

    fn object() -> Uploaded {
        Uploaded {
            etag: "e".to_owned(),
            checksum: None,
            version_id: None,
            attempts: 1,
            reasons: Vec::new(),
        }
    }

    fn verdict(error: CallError) -> Option<Verdict> {
        match judge(&Err(error)) {
            Judgement::Certain(verdict) => Some(verdict),
            Judgement::Comparison | Judgement::Network => None,
        }
    }

    #[test]
    fn what_only_a_component_can_do_is_its_fault_also_when_it_fetches_credentials() {
        let limit = Duration::from_secs(1);
        let trap = || CallError::Trapped("unreachable".into());
        let fetched = CallError::NoCredentials(Arc::new(trap()));
        for error in [trap(), fetched] {
            assert!(matches!(verdict(error), Some(Verdict::Trapped { .. })));
        }
        for error in [
            CallError::OutOfTime { limit },
            CallError::OutOfMemory { limit: 1 },
        ] {
            assert!(matches!(verdict(error), Some(Verdict::OverLimits { .. })));
        }
        assert_eq!(
            verdict(CallError::Stalled { limit }),
            Some(Verdict::TimedOut)
        );
        assert_eq!(verdict(CallError::Unconfirmed), Some(Verdict::Unproven));
    }

    #[test]
    fn what_the_host_saw_itself_says_nothing_of_the_component() {
        let gone = Source::open("/nonexistent".as_ref()).unwrap_err();
        let cause = Cause::Source(Arc::new(gone));
        let error = answered(ErrorKind::SourceChanged, Some(cause));
        assert_eq!(verdict(error), Some(Verdict::Inconclusive));
    }

    #[test]
    fn what_the_component_alone_says_is_compared_whatever_it_blames() {
        for kind in [
            ErrorKind::Network,
            ErrorKind::Throttled,
            ErrorKind::Server,
            ErrorKind::SourceChanged,
            ErrorKind::Denied,
            ErrorKind::Internal,
        ] {
            assert_eq!(verdict(answered(kind, None)), None, "{kind:?}");
        }
        let there = Ok(Outcome::AlreadyThere(object()));
        assert_eq!(judge(&there), Judgement::Comparison);
    }

    #[test]
    fn a_job_that_fails_on_both_says_nothing() {
        let failed = Err(answered(ErrorKind::Denied, None));
        let stored = Ok(Outcome::Stored(object()));
        assert_eq!(
            compare(Judgement::Comparison, &failed),
            Verdict::Inconclusive
        );
        assert_eq!(compare(Judgement::Comparison, &stored), Verdict::Failed);
        let trap = || Err(CallError::Trapped("unreachable".into()));
        let trapped = || judge(&trap());
        assert_eq!(compare(trapped(), &trap()), Verdict::Inconclusive);
        assert!(matches!(
            compare(trapped(), &stored),
            Verdict::Trapped { .. }
        ));
    }
}
