//! `sealift release`: the publisher's side of updates.

mod add;
mod check;
mod init;
mod keys;
mod lifetime;
mod repository;
mod roll_out;
mod rotate;
mod sign;
mod told;

use sealift_release::publish::PublishError;

use super::args::Global;
use super::{ExitStatus, Failure};
use add::Add;
use check::Check;
use init::Init;
use keys::PublicKey;
use roll_out::RollOut;
use rotate::Rotate;
use sign::Sign;

/// `sealift release`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Release {
    /// Make a repository, and keys for all of its roles
    ///
    /// Keys are put into DIR/keys. Those of the root say whose other keys count: move them to where no network is, or
    /// have them made there with --root-keys-in. Devices fetch DIR/metadata and DIR/targets, and start from
    /// DIR/metadata/1.root.json.
    Init(Init),

    /// Add a component; devices see it when it is signed
    ///
    /// It is refused if this host could not run it.
    Add(Box<Add>),

    /// Change which part of the fleet takes a release by itself; devices see it when it is signed
    Rollout(RollOut),

    /// Sign what has changed, and publish it when it has all of its signatures
    ///
    /// Each holder of a key may do that on a copy of DIR. If nothing has changed, the timestamp is signed anew, without
    /// which devices take nothing for new after two weeks; and what has spent half of its time, if its keys are here.
    Sign(Sign),

    /// Change the keys of a role; what that changes is in force when it is signed
    ///
    /// Without changes, the root counts for another year.
    Rotate(Rotate),

    /// Print the public part of a key, which `rotate --adopt` takes
    PublicKey(PublicKey),

    /// Read the repository as a device does, and tell until when it counts
    ///
    /// Ends with 1 if a device would take nothing from it.
    Check(Check),
}

pub(super) async fn run(global: &Global, command: Release) -> Result<(), Failure> {
    match command {
        Release::Init(args) => init::run(global, &args).await,
        Release::Add(args) => add::run(global, &args),
        Release::Rollout(args) => roll_out::run(global, &args),
        Release::Sign(args) => sign::run(global, &args).await,
        Release::Rotate(args) => rotate::run(global, &args),
        Release::PublicKey(args) => keys::run(&args),
        Release::Check(args) => check::run(global, &args).await,
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let status = match error {
            PublishError::Threshold { .. }
            | PublishError::ManyKeys { .. }
            | PublishError::NoSuchKey { .. }
            | PublishError::NoSuchVersion { .. } => ExitStatus::Usage,
            _ => ExitStatus::Failed,
        };
        Self::new(status, error)
    }
}
