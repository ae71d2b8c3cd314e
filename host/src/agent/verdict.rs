//! What to make of how an attempt ended.

use std::time::Duration;

use sealift_payload::SourceError;
use sealift_queue::{Failure, Job, Origin};

use crate::report;
use crate::sandbox::{CallError, Cause, ErrorKind, Reach, Trouble};
use crate::vault::{OVERLOADED, REFUSED, UNKNOWN};

/// A failure that looks like a defect, on one side or the other, is tried so often in all.
const MOST_TRIES: u32 = 5;

/// What to do about a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again.
    Retry {
        failure: Failure,
        /// Not before so long, if the service said so; and with others, if it is not this job's fault.
        pause: Pause,
    },
    /// A person has to do something.
    Failed { failure: Failure },
    /// It is not wanted any more: a watched file is another one by now, and is reported anew.
    Superseded { failure: Failure },
    /// Somebody called it off.
    Cancelled,
}

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// By the number of attempts, and at least so long.
    Backoff(Duration),
    /// So long, for all jobs: there are no credentials.
    All(Duration),
}

/// What an attempt tells of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Somebody answered.
    Reached,
    /// Nobody did.
    Unreached,
    /// Nothing.
    None,
}

/// The kind of failures of files that are not there, or cannot be read.
pub(super) const GONE: &str = "source";

/// A failed upload.
pub(super) fn of_upload(error: &CallError, job: &Job) -> (Verdict, Sign) {
    (verdict(error, job), sign(error))
}

/// A file that cannot be opened.
pub(super) fn of_source(error: &SourceError, job: &Job) -> Verdict {
    let failure = Failure::new(GONE, &report::chain(error));
    match error {
        SourceError::Changed { .. } => changed(job, failure),
        SourceError::Open { source, .. } if is_gone(*source) => changed(job, failure),
        SourceError::Open { .. } | SourceError::Verify { .. } | SourceError::Read { .. } => {
            sometimes(job, failure)
        }
        _ => Verdict::Failed { failure },
    }
}

/// The component says that the object was there already, and this host did not see it stored. The next attempt
/// sends the file, unless its settings have the component look first.
pub(super) fn unverified(job: &Job) -> Verdict {
    let message = "the component says that the object is there already; this host did not see it stored, and the file stays";
    sometimes(job, Failure::new("unverified", message))
}

/// The file is not what was queued.
pub(super) fn changed(job: &Job, failure: Failure) -> Verdict {
    match job.task.origin {
        Origin::Watch(_) => Verdict::Superseded { failure },
        Origin::Command => Verdict::Failed { failure },
    }
}

fn is_gone(error: rustix::io::Errno) -> bool {
    use rustix::io::Errno;
    matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
}

fn verdict(error: &CallError, job: &Job) -> Verdict {
    let failure = Failure::new(word(error.kind()), &report::chain(error));
    let asked = error.retry_after().unwrap_or_default();
    let backoff = |failure| Verdict::Retry {
        failure,
        pause: Pause::Backoff(asked),
    };
    if let Some(Cause::Source(source)) = error.cause() {
        return of_source(source, job);
    }
    if sign(error) == Sign::Unreached {
        return backoff(failure);
    }
    match error {
        CallError::NoCredentials(inner) => Verdict::Retry {
            failure,
            pause: Pause::All(cool_down(inner.kind()).max(asked)),
        },
        CallError::RetriesSpent { .. } => backoff(failure),
        CallError::Answered { answer, .. } => match answer.kind {
            ErrorKind::Network
            | ErrorKind::Timeout
            | ErrorKind::Throttled
            | ErrorKind::Server
            | ErrorKind::Unavailable
            | ErrorKind::Conflict
            | ErrorKind::ExpiredCredentials
            | ErrorKind::ClockSkew => backoff(failure),
            ErrorKind::SourceChanged => changed(job, failure),
            ErrorKind::Cancelled => Verdict::Cancelled,
            // A 412 without proof that the object is ours is among them: the file stays.
            ErrorKind::InvalidInput
            | ErrorKind::Unsupported
            | ErrorKind::Denied
            | ErrorKind::NotFound
            | ErrorKind::PreconditionFailed
            | ErrorKind::TooLarge => Verdict::Failed { failure },
            ErrorKind::Protocol | ErrorKind::Integrity | ErrorKind::Internal => {
                sometimes(job, failure)
            }
        },
        // Another process sends the same.
        CallError::Journal(_) if error.kind() == ErrorKind::Conflict => backoff(failure),
        CallError::NoStore(_) | CallError::Overdue { .. } => Verdict::Failed { failure },
        _ => sometimes(job, failure),
    }
}

fn sometimes(job: &Job, failure: Failure) -> Verdict {
    if job.attempts >= MOST_TRIES {
        return Verdict::Failed { failure };
    }
    Verdict::Retry {
        failure,
        pause: Pause::Backoff(Duration::ZERO),
    }
}

fn cool_down(kind: ErrorKind) -> Duration {
    match kind {
        ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::InvalidInput => REFUSED,
        ErrorKind::Server | ErrorKind::Throttled | ErrorKind::Unavailable => OVERLOADED,
        _ => UNKNOWN,
    }
}

fn sign(error: &CallError) -> Sign {
    match error {
        CallError::NoCredentials(inner) => return sign(inner),
        CallError::RetriesSpent { cause: None, .. } => return Sign::None,
        _ => {}
    }
    match (error.cause(), error.reach()) {
        // A captive portal, say, or a server that breaks off: nobody else has another way.
        (Some(Cause::Network(network)), Reach::All) if !is_ours(network) => Sign::Unreached,
        (_, Reach::Perhaps(Trouble::Unreachable)) => Sign::Unreached,
        (None, _) if matches!(error, CallError::Answered { answer, .. } if answer.status.is_some()) => {
            Sign::Reached
        }
        (Some(Cause::Network(network)), _) if !is_ours(network) => Sign::Unreached,
        _ => Sign::None,
    }
}

/// A refusal by this host, which says nothing of the link.
fn is_ours(error: &sealift_network::NetworkError) -> bool {
    use sealift_network::NetworkError as E;
    matches!(
        error,
        E::Denied { .. }
            | E::Uri(_)
            | E::Identity { .. }
            | E::Body { .. }
            | E::ResponseTooLarge { .. }
    ) || matches!(error, E::IdleTimeout { stalled, .. } if *stalled == sealift_network::Stalled::Source)
}

/// The word for a kind in the queue, as the contract writes it.
fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidInput => "invalid-input",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Denied => "denied",
        ErrorKind::NotFound => "not-found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::PreconditionFailed => "precondition-failed",
        ErrorKind::ExpiredCredentials => "expired-credentials",
        ErrorKind::ClockSkew => "clock-skew",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Server => "server",
        ErrorKind::Network => "network",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Protocol => "protocol",
        ErrorKind::TooLarge => "too-large",
        ErrorKind::Integrity => "integrity",
        ErrorKind::SourceChanged => "source-changed",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Internal => "internal",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::agent::test_jobs;
    use crate::sandbox::Answer;

    fn answered(kind: ErrorKind, status: Option<u16>) -> CallError {
        let mut answer = Answer::new(kind, "failed");
        answer.status = status;
        CallError::refused(answer)
    }

    #[test]
    fn what_only_the_component_saw_is_sent_again_and_is_left_to_a_person_in_the_end() {
        let mut job = test_jobs::job(Origin::Command);
        job.attempts = 1;
        assert!(matches!(unverified(&job), Verdict::Retry { .. }));
        job.attempts = MOST_TRIES;
        assert!(matches!(unverified(&job), Verdict::Failed { .. }));
    }

    fn judged(error: &CallError, origin: Origin, attempts: u32) -> (Verdict, Sign) {
        let mut job = test_jobs::job(origin);
        job.attempts = attempts;
        assert!(job.added >= UNIX_EPOCH);
        of_upload(error, &job)
    }

    fn is_retry(verdict: &Verdict) -> bool {
        matches!(
            verdict,
            Verdict::Retry {
                pause: Pause::Backoff(_),
                ..
            }
        )
    }

    #[test]
    fn what_passes_is_tried_again_for_ever() {
        for kind in [
            ErrorKind::Network,
            ErrorKind::Timeout,
            ErrorKind::Throttled,
            ErrorKind::Server,
            ErrorKind::Unavailable,
            ErrorKind::Conflict,
            ErrorKind::ExpiredCredentials,
            ErrorKind::ClockSkew,
        ] {
            let (verdict, _) = judged(&answered(kind, None), Origin::Command, 1000);
            assert!(is_retry(&verdict), "{kind:?}: {verdict:?}");
        }
    }

    #[test]
    fn what_a_person_must_cure_fails_at_once() {
        for kind in [
            ErrorKind::Denied,
            ErrorKind::NotFound,
            ErrorKind::InvalidInput,
            ErrorKind::PreconditionFailed,
        ] {
            let (verdict, sign) = judged(&answered(kind, Some(403)), Origin::Command, 1);
            assert!(matches!(verdict, Verdict::Failed { .. }), "{kind:?}");
            assert_eq!(sign, Sign::Reached);
        }
    }

    #[test]
    fn a_defect_is_tried_five_times() {
        let error = CallError::Trapped("out of bounds".into());
        for attempts in 1..5 {
            assert!(is_retry(&judged(&error, Origin::Command, attempts).0));
        }
        let (verdict, sign) = judged(&error, Origin::Command, 5);
        assert!(matches!(verdict, Verdict::Failed { .. }));
        assert_eq!(sign, Sign::None);
    }

    #[test]
    fn credentials_that_are_refused_stop_all_jobs_for_as_long_as_greengrass_waits() {
        let pauses = [
            (ErrorKind::Denied, 120),
            (ErrorKind::NotFound, 120),
            (ErrorKind::Server, 60),
            (ErrorKind::Protocol, 300),
        ];
        for (kind, seconds) in pauses {
            let inner = Arc::new(answered(kind, Some(400)));
            let (verdict, _) = judged(&CallError::NoCredentials(inner), Origin::Command, 99);
            let Verdict::Retry { pause, .. } = verdict else {
                panic!("{kind:?}: {verdict:?}");
            };
            assert_eq!(pause, Pause::All(Duration::from_secs(seconds)), "{kind:?}");
        }
    }

    #[test]
    fn credentials_that_nobody_answered_for_are_a_matter_of_the_link() {
        let inner = Arc::new(answered(ErrorKind::Network, None));
        let (verdict, sign) = judged(&CallError::NoCredentials(inner), Origin::Command, 1);
        assert!(is_retry(&verdict), "{verdict:?}");
        assert_eq!(sign, Sign::Unreached);
    }

    #[test]
    fn a_watched_file_that_changed_is_left_to_its_watcher() {
        let error = answered(ErrorKind::SourceChanged, None);
        let watched = judged(&error, test_jobs::watched(), 1).0;
        assert!(matches!(watched, Verdict::Superseded { .. }));
        let named = judged(&error, Origin::Command, 1).0;
        assert!(matches!(named, Verdict::Failed { .. }));
    }
}
