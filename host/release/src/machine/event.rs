//! What happens.

use semver::Version;

use super::{Failure, SlotName};
use crate::{Digest, Note, Release};

/// Something that happened, or that somebody wants. Those about a component name its digest: an answer
/// that comes late, about one that is not on its way any more, changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The process that carries out the effects has begun.
    Started,
    /// The repository has these releases, and their signatures are good.
    Offered {
        /// All of them, in any order.
        releases: Vec<Release>,
        /// Who wants one of them.
        by: Requester,
    },
    /// The slot holds the bytes that were signed, durably.
    Downloaded {
        /// Whose.
        digest: Digest,
    },
    /// It does not, and asking again at once is of no use. A link that is down is not worth an event: the
    /// download goes on later.
    NotDownloaded {
        /// Whose.
        digest: Digest,
        /// Why.
        note: Note,
    },
    /// It compiles, fits its world, and its probe went well.
    Checked {
        /// Which.
        digest: Digest,
    },
    /// One of these is not so.
    CheckFailed {
        /// Which.
        digest: Digest,
        /// What was found.
        failure: Failure,
    },
    /// The [`Circumstances`](super::Circumstances) may be other ones.
    Reconsider,
    /// A job is about to run on the component on trial.
    TrialJobBegan {
        /// Which component.
        digest: Digest,
    },
    /// A job that ran on it ended.
    TrialJobEnded {
        /// Which component.
        digest: Digest,
        /// What the job says about it.
        verdict: Verdict,
    },
    /// What is settled runs again after a trial failed.
    BroughtBack,
    /// What lies in a slot is not what was written there.
    Damaged {
        /// Which slot.
        slot: SlotName,
    },
    /// The latest [`Conclusion`](super::Conclusion) has reached whoever has to know.
    Told {
        /// Whose.
        digest: Digest,
    },
    /// A person wants nothing to be taken.
    Hold,
    /// A person wants releases to be taken again.
    Release,
    /// A person wants this version and no other.
    Pin {
        /// Which.
        version: Version,
    },
    /// A person wants whatever is newest again.
    Unpin,
    /// A person wants to go back.
    RollBack {
        /// How far.
        to: RollBackTo,
    },
}

/// Who wants a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requester {
    /// The device's own schedule.
    Schedule,
    /// A message to this device: it is not chosen by the rollout's chance.
    Message,
    /// A person at the device: as a message, and the maintenance window is not waited for.
    Person {
        /// What failed before is tried again.
        force: bool,
    },
}

/// How far a person goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollBackTo {
    /// To what ran before.
    Previous,
    /// To the component that the host was built with.
    Factory,
}

/// What a job says about the component that it ran on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The host saw the file stored.
    Succeeded,
    /// It failed, and the same may have come of the version before.
    Failed,
    /// It says nothing: cancelled, or the link was down.
    Inconclusive,
    /// It trapped.
    Trapped {
        /// The trap.
        note: Note,
    },
    /// It did not return in time.
    TimedOut,
    /// It went over its limits.
    OverLimits {
        /// Which.
        note: Note,
    },
    /// It called the file stored, and the host did not see that.
    Unproven,
}
