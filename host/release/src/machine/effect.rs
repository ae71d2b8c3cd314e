//! What is to be done.

use super::{Conclusion, SlotName};
use crate::{Digest, Release};

/// Something that follows from a decision. To do it twice does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Empty the slot. Jobs that run on what was in it have it in memory and go on.
    Discard {
        /// Which.
        slot: SlotName,
    },
    /// Get the release's bytes into the slot, and tell of [`Event::Downloaded`](super::Event::Downloaded) or
    /// [`Event::NotDownloaded`](super::Event::NotDownloaded).
    Download {
        /// Which release.
        release: Release,
        /// Where to.
        slot: SlotName,
    },
    /// Compile it, compare its types with its world, probe it, and tell of
    /// [`Event::Checked`](super::Event::Checked) or [`Event::CheckFailed`](super::Event::CheckFailed).
    Check {
        /// Which release.
        release: Release,
        /// Where it lies.
        slot: SlotName,
    },
    /// New jobs run on this from now on. If it cannot be loaded, tell of
    /// [`Event::Damaged`](super::Event::Damaged); if it was brought back, of
    /// [`Event::BroughtBack`](super::Event::BroughtBack).
    Run(Choice),
    /// A component is on trial beside what [`Effect::Run`] says: ask for each job
    /// [whose turn it is](super::State::turn).
    Try {
        /// Which release.
        release: Release,
        /// Where it lies.
        slot: SlotName,
    },
    /// Tell whoever has to know, and then of [`Event::Told`](super::Event::Told).
    Report(Conclusion),
}

/// A component that can be run. There always is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that the host was built with.
    Factory,
    /// The one in a slot.
    Slot {
        /// Which.
        slot: SlotName,
        /// What must be in it.
        digest: Digest,
    },
}

/// What the next job runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// On what is settled.
    Settled(Choice),
    /// On the component on trial: tell of [`Event::TrialJobBegan`](super::Event::TrialJobBegan) first.
    Trial {
        /// Where it lies.
        slot: SlotName,
        /// What must be in it.
        digest: Digest,
    },
}
