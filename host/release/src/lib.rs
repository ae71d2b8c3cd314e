//! Which component a device runs: signed releases, their trial, and the way back.
//!
//! Updates over the air are what can stop a whole fleet. So the parts that decide are pure, those that write
//! are few, and each can be tried out without the others:
//!
//! | part | is | knows |
//! |---|---|---|
//! | [`State::step`] | the decisions: `(state, event) -> (state, effects)` | nothing: no clock, no disk, no network |
//! | [`Store`] | the state and two slots for components on disk | files, through the port [`FileSystem`] |
//! | [`Repository`] | what is signed: TUF, by the crate `tough` | files, and whoever fetches them, through the port [`Source`] |
//! | [`publish`] | making a repository, at the publisher's | files and keys |
//!
//! A host drives them:
//!
//! ```
//! use std::sync::Arc;
//! use sealift_release::{
//!     Begun, Circumstances, Directory, Effect, Event, Reading, Repository, Requester, Source, Store,
//!     TrustSettings,
//! };
//!
//! async fn update(
//!     state: std::path::PathBuf,
//!     source: Arc<dyn Source>,
//!     settings: TrustSettings,
//!     clock: Reading,
//!     circumstances: &Circumstances,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let store = Store::new(Directory::new(state.clone()));
//!     let repository = Repository::new(Directory::new(state), source, settings);
//!     let releases = repository.check(clock).await?.releases;
//!     let by = Requester::Schedule;
//!     for effect in store.apply(Event::Offered { releases, by }, circumstances)? {
//!         if let Effect::Download { release, slot } = effect {
//!             let digest = release.digest;
//!             if let Begun::Partial(mut incoming) = store.incoming(&release, slot)? {
//!                 repository.fetch(&release, &mut incoming).await?;
//!                 incoming.finish()?;
//!             }
//!             // Answered by `Effect::Check`: compile it, compare its types, probe it. Then `Effect::Try`.
//!             store.apply(Event::Downloaded { digest }, circumstances)?;
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # What is promised
//!
//! - There always is a component to run, after a loss of power at any moment and after damage to any file: what
//!   is committed, else what was before, else the one that the host was built with.
//! - Nothing runs but what a threshold of the publisher's keys has signed, compared with its digest each time
//!   that it is loaded.
//! - No version below one that was ever committed is taken. Only a person goes back, or damage.
//! - What failed here is not tried again unless a person wants it.
//! - Nothing is committed before real jobs have gone well on it, as many as the trial asks for and no more of them
//!   failing than before.
//!
//! This crate knows no runtime for components and no network. Decisions take no time and know none; what is
//! kept is written before it is answered.

mod digest;
mod machine;
mod note;
pub mod publish;
mod release;
mod rollout;
mod store;
mod trust;

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
pub use trust::{
    ByteStream, Checked, ClockBehind, DirectorySource, FetchError, Reading, Repository, Role,
    Settings as TrustSettings, Source, Strange, TrustError,
};
