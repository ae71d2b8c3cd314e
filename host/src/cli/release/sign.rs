//! `sealift release sign`.

use std::time::SystemTime;

use sealift_config::KeyReference;
use sealift_release::publish::{Signed, Signer};
use serde::Serialize;

use super::keys;
use super::lifetime::Lifetime;
use super::repository::Repository;
use super::told::Wanted;
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// `sealift release sign`.
#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    repository: Repository,

    /// A key to sign with: a PEM file, a directory of them, or pkcs11:… for one on a token; may be repeated [default: all
    /// of DIR/keys]
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<KeyReference>,

    /// For how long what a role signs counts, this time; may be repeated
    #[arg(long = "lifetime", value_name = "ROLE=DURATION")]
    lifetimes: Vec<Lifetime>,
}

/// Keys that are nobody's.
#[derive(Debug, thiserror::Error)]
#[error("nothing was signed: no key here is one of those that {role} lacks a signature of: {}", keys.join(", "))]
struct Useless {
    role: String,
    keys: Vec<String>,
}

/// What came of it, as `--json` tells it.
#[derive(Serialize)]
struct Told {
    outcome: &'static str,
    signed: Vec<Signature>,
    lacking: Vec<Wanted>,
}

#[derive(Serialize)]
struct Signature {
    role: String,
    key: String,
}

pub(super) async fn run(global: &Global, args: &Sign) -> Result<(), Failure> {
    let publisher = args.repository.open(&args.lifetimes)?;
    let signers = if args.keys.is_empty() {
        Signer::read_all(&args.repository.directory().join("keys"))?
    } else {
        keys::signers(&args.keys)?
    };
    let signed = publisher.sign(&signers, SystemTime::now()).await?;
    if let ([], Some(lacking)) = (&*signed.signed, signed.lacking.first()) {
        return Err(Failure::failed(Useless {
            role: lacking.role.to_string(),
            keys: lacking.keys.iter().map(ToString::to_string).collect(),
        }));
    }
    let told = Told::from(&signed);
    if global.json {
        return output::json(&told);
    }
    if global.quiet {
        return Ok(());
    }
    told.print()
}

impl From<&Signed> for Told {
    fn from(signed: &Signed) -> Self {
        let signatures = signed.signed.iter().map(|(role, key)| Signature {
            role: role.to_string(),
            key: key.to_string(),
        });
        Self {
            outcome: if signed.lacking.is_empty() {
                "published"
            } else {
                "signed"
            },
            signed: signatures.collect(),
            lacking: signed.lacking.iter().map(Wanted::from).collect(),
        }
    }
}

impl Told {
    fn print(&self) -> Result<(), Failure> {
        for Signature { role, key } in &self.signed {
            output::line(&format!("{role:<10} signed by {key}"))?;
        }
        if self.lacking.is_empty() {
            return output::line("published");
        }
        output::line("not published yet: signatures are lacking")?;
        self.lacking.iter().try_for_each(Wanted::print)
    }
}
