//! `sealift release rotate`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::SystemTime;

use sealift_config::KeyReference;
use sealift_release::Role;
use sealift_release::publish::{KeyId, Rotation};
use serde::Serialize;

use super::keys;
use super::lifetime::Lifetime;
use super::repository::Repository;
use super::told::{self, Made};
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// `sealift release rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    repository: Repository,

    /// Whose keys: root, targets, snapshot or timestamp
    #[arg(long, value_name = "ROLE")]
    role: Role,

    /// A key that counts no more: its id, or at least 8 digits of it; may be repeated
    #[arg(long = "remove", value_name = "ID")]
    remove: Vec<KeyId>,

    /// Make so many new keys
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=32))]
    add: u32,

    /// Let a key count that somebody else has: the file of its public part, or the key itself; may be repeated
    #[arg(long = "adopt", value_name = "KEY")]
    adopt: Vec<KeyReference>,

    /// How many of the role's keys have to sign [default: as many as before]
    #[arg(long, value_name = "NUMBER")]
    threshold: Option<NonZeroU32>,

    /// Where new private keys of the root are made [default: DIR/keys]
    #[arg(long, value_name = "DIR")]
    root_keys_in: Option<PathBuf>,

    /// For how long what a role signs counts, for this change; may be repeated
    #[arg(long = "lifetime", value_name = "ROLE=DURATION")]
    lifetimes: Vec<Lifetime>,
}

/// What was drafted, as `--json` tells it.
#[derive(Serialize)]
struct Told {
    outcome: &'static str,
    role: String,
    made: Vec<Made>,
}

pub(super) fn run(global: &Global, args: &Rotate) -> Result<(), Failure> {
    let mut publisher = args.repository.open(&args.lifetimes)?;
    if let Some(directory) = &args.root_keys_in {
        publisher = publisher.with_root_keys_in(directory.clone());
    }
    let rotation = Rotation {
        role: args.role,
        remove: args.remove.clone(),
        add: args.add,
        adopt: args
            .adopt
            .iter()
            .map(keys::public)
            .collect::<Result<_, _>>()?,
        threshold: args.threshold,
    };
    let made = publisher.rotate(&rotation, SystemTime::now())?;
    let told = Told {
        outcome: "drafted",
        role: args.role.to_string(),
        made: made.iter().map(Made::from).collect(),
    };
    if global.json {
        output::json(&told)?;
    } else if !global.quiet {
        told.made.iter().try_for_each(Made::print)?;
        output::line(&format!(
            "drafted a root for other keys of the role {}",
            told.role
        ))?;
    }
    told::then_sign(global, &args.repository);
    Ok(())
}
