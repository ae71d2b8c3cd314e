//! Which component a device runs.

mod digest;
mod machine;
mod note;
mod release;
mod rollout;
mod store;

pub use digest::{Digest, DigestError};
pub use machine::{
    Choice, Circumstances, Conclusion, Effect, Event, FailedDigests, Failure, Listed, MOST_CHECKS,
    Outcome, Phase, REMEMBERED, Refusal, Requester, RollBackTo, SlotName, Stage, Standing, State,
    Step, Tally, Trial, TrialRule, Turn, Verdict, Window,
};
pub use note::Note;
pub use release::{
    LARGEST_COMPONENT, MOST_ORIGINS, Manifest, ManifestError, Release, TargetFile, TargetFileError,
    World, WorldError,
};
pub use rollout::{Rollout, RolloutError};
pub use store::{
    ApplyError, Begun, Damage, Directory, FileSystem, Incoming, Kept, Lock, Settled, Store,
    StoreError,
};
