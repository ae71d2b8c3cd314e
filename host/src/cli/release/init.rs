//! `sealift release init`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::SystemTime;

use sealift_release::Role;
use sealift_release::publish::{Lifetimes, Publisher, RoleKeys, Roles};
use serde::Serialize;

use super::lifetime::Lifetime;
use super::repository::Repository;
use super::told::Made;
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// `sealift release init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    #[command(flatten)]
    repository: Repository,

    /// How many of how many keys have to sign the root [default: 2/3]
    #[arg(long, value_name = "SIGNATURES/KEYS")]
    root: Option<Quorum>,

    /// How many of how many keys have to sign releases [default: 1/1]
    #[arg(long, value_name = "SIGNATURES/KEYS")]
    targets: Option<Quorum>,

    /// How many of how many keys have to sign snapshots [default: 1/1]
    #[arg(long, value_name = "SIGNATURES/KEYS")]
    snapshot: Option<Quorum>,

    /// How many of how many keys have to sign timestamps [default: 1/1]
    #[arg(long, value_name = "SIGNATURES/KEYS")]
    timestamp: Option<Quorum>,

    /// Where the root's private keys are made, which this machine should not keep [default: DIR/keys]
    #[arg(long, value_name = "DIR")]
    root_keys_in: Option<PathBuf>,

    /// For how long what a role signs counts; may be repeated [default: root=1year targets=1year snapshot=90days
    /// timestamp=14days]
    #[arg(long = "lifetime", value_name = "ROLE=DURATION")]
    lifetimes: Vec<Lifetime>,
}

/// `SIGNATURES/KEYS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quorum(RoleKeys);

/// Not that.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("write how many keys have to sign, and how many there are, such as 2/3")]
struct QuorumError;

impl FromStr for Quorum {
    type Err = QuorumError;

    fn from_str(text: &str) -> Result<Self, QuorumError> {
        let number = |text: &str| text.parse::<NonZeroU32>().map_err(|_| QuorumError);
        let (threshold, keys) = text.split_once('/').ok_or(QuorumError)?;
        let (threshold, keys) = (number(threshold)?, number(keys)?);
        Ok(Self(RoleKeys { keys, threshold }))
    }
}

/// A repository that was made, as `--json` tells it.
#[derive(Serialize)]
struct Told {
    outcome: &'static str,
    directory: String,
    /// What devices are given.
    root: String,
    keys: Vec<Made>,
}

pub(super) async fn run(global: &Global, args: &Init) -> Result<(), Failure> {
    let directory = args.repository.directory().to_owned();
    let lifetimes = Lifetime::all(&args.lifetimes, Lifetimes::default());
    let mut publisher = Publisher::new(directory.clone(), lifetimes);
    let apart = args.root_keys_in.is_some();
    if let Some(directory) = &args.root_keys_in {
        publisher = publisher.with_root_keys_in(directory.clone());
    }
    let made = publisher.init(&args.roles(), SystemTime::now()).await?;
    let root = directory.join("metadata/1.root.json");
    let told = Told {
        outcome: "made",
        directory: directory.to_string_lossy().into_owned(),
        root: root.to_string_lossy().into_owned(),
        keys: made.iter().map(Made::from).collect(),
    };
    if global.json {
        output::json(&told)?;
    } else if !global.quiet {
        told.keys.iter().try_for_each(Made::print)?;
        output::line(&format!(
            "made a repository; devices start from {}",
            told.root
        ))?;
    }
    if !apart && !global.quiet {
        let keys = directory.join("keys");
        let root = Role::Root;
        output::remark(format_args!(
            "hint: move the keys of the {root} out of {}, to where no network is; none belongs on a web server",
            keys.display()
        ));
    }
    Ok(())
}

impl Init {
    fn roles(&self) -> Roles {
        let usual = Roles::default();
        let of = |said: Option<Quorum>, usual| said.map_or(usual, |Quorum(keys)| keys);
        Roles {
            root: of(self.root, usual.root),
            targets: of(self.targets, usual.targets),
            snapshot: of(self.snapshot, usual.snapshot),
            timestamp: of(self.timestamp, usual.timestamp),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_is_two_numbers_neither_of_which_is_none() {
        let read = |text: &str| text.parse::<Quorum>().map(|Quorum(keys)| keys);
        let two_of_three = read("2/3").map(|keys| (keys.threshold.get(), keys.keys.get()));
        assert_eq!(two_of_three, Ok((2, 3)));
        for wrong in ["", "2", "2/", "0/1", "1/0", "-1/2", "1/2/3", "two/three"] {
            assert_eq!(read(wrong), Err(QuorumError), "{wrong}");
        }
    }
}
