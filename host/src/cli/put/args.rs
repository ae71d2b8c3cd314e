//! What `sealift put` understands.

mod conditions;
mod dates;
mod encryption;
mod misfit;
mod object;
mod pairs;
mod selection;
mod text;
mod transfer;

use std::path::PathBuf;

use sealift::put::Destination;
use sealift::sandbox::Options;

use crate::cli::Failure;
pub(crate) use conditions::Conditions;
pub(crate) use encryption::Encryption;
pub(crate) use object::Object;
use selection::Select;
use transfer::Transfer;

/// `sealift put`.
#[derive(Debug, clap::Args)]
pub(crate) struct Put {
    /// Files; directories with -r; `-` for standard input
    #[arg(value_name = "SRC", required = true)]
    pub(super) sources: Vec<PathBuf>,

    /// Where to: `s3://BUCKET/KEY`. The key is taken literally; one that ends in `/` is a prefix
    #[arg(value_name = "s3://BUCKET/KEY")]
    pub(super) destination: Destination,

    #[command(flatten)]
    pub(super) select: Select,

    #[command(flatten)]
    pub(super) object: Object,

    #[command(flatten)]
    pub(super) encryption: Encryption,

    #[command(flatten)]
    pub(super) transfer: Transfer,

    #[command(flatten)]
    pub(super) conditions: Conditions,
}

impl Put {
    /// What is the same for all objects of the call. Reads the customer's key from its file.
    pub(super) fn options(&self) -> Result<Options, Failure> {
        let mut options = Options::default();
        self.object.put_into(&mut options)?;
        self.encryption.put_into(&mut options)?;
        self.transfer.put_into(&mut options)?;
        self.conditions.put_into(&mut options);
        Ok(options)
    }
}

/// How a value is written on the command line, which is how S3 writes it too.
fn word(value: &impl clap::ValueEnum) -> String {
    let written = value.to_possible_value();
    written.map_or_else(String::new, |value| value.get_name().to_owned())
}

#[cfg(test)]
mod tests;
