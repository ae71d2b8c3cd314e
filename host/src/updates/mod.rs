//! New components on a device: fetched, checked, tried with real jobs, and kept or taken back.
//!
//! [`sealift_release`] decides; this carries it out with a [`Gateway`](crate::gateway::Gateway). Where things
//! stand is on disk alone, so that the service and commands beside it can each do a part:
//!
//! | part | does |
//! |---|---|
//! | [`Releases`] | has the state on disk, and tells the machine what happens |
//! | [`source`] | fetches a repository's files: from a directory, over HTTPS, from S3 |
//! | [`jobs`] | asks AWS IoT for updates that the fleet's operator orders |
//! | [`Updater`] | looks into the repository, and brings a release as far as its trial |
//! | [`line_up`] | has a gateway run on what the state says |
//! | [`take_part`] | lets a command's jobs be part of a trial, where no service does |
//! | [`upload`] | runs a job, on the component that is on trial if it is its turn |

mod circumstances;
mod client;
mod device;
mod doubts;
mod error;
mod examination;
pub mod jobs;
mod judgement;
mod lineup;
mod part;
mod record;
mod releases;
mod report;
pub mod source;
mod turn;
mod updater;
mod uploading;

pub use circumstances::{has_enough, host_version, window_is_open, worlds};
pub use client::NoNetwork;
pub(crate) use device::Device;
pub use error::UpdateError;
pub use lineup::{LineupError, line_up};
pub use part::take_part;
pub use releases::{Driver, Releases, ReleasesError};
pub use report::{ConcludeError, conclude};
pub use updater::{Found, Updater};
pub use uploading::{RanOn, upload};
