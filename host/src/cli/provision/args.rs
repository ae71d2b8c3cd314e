//! The grammar of `sealift provision`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealift_config::{Region, ThingName};
use sealift_provision::{Name, Request};

use super::things;
use crate::cli::{ExitStatus, Failure};

#[derive(Debug, Subcommand)]
pub(crate) enum Provision {
    /// Show what is missing in the account; change nothing
    Plan(Target),

    /// Make what is missing: role, role alias, IoT policy, things, certificates, and the devices' files
    ///
    /// For each thing a key is made here, and a certificate for it in AWS IoT. A thing may put objects below its own name in the
    /// bucket, and nothing else. The command can be interrupted at any moment and run again.
    ///
    /// The administrator's credentials and region are those of the AWS CLI: `AWS_ACCESS_KEY_ID` and the like, or `AWS_PROFILE`.
    Apply(Apply),

    /// Undo it: things and their certificates, and what all things share if nothing else uses it
    Destroy(Destroy),
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(super) target: Target,

    /// Do not ask before anything is changed
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(super) target: Target,

    /// Delete the bucket too, if it is empty and was made by `apply`
    #[arg(long)]
    pub(super) delete_bucket: bool,

    /// Do not ask before anything is changed
    #[arg(long)]
    pub(super) yes: bool,
}

/// Which devices and which bucket.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The device's thing; may be repeated
    #[arg(long = "thing", value_name = "NAME", required_unless_present = "list")]
    things: Vec<ThingName>,

    /// A file with the name of a thing in each line
    #[arg(long = "things", value_name = "FILE", id = "list")]
    list: Option<PathBuf>,

    /// The bucket
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    bucket: String,

    /// Make the bucket too: encrypted, not public, rid of abandoned uploads after a week
    #[arg(long)]
    create_bucket: bool,

    /// What role, role alias and IoT policy are called; devices with the same name share them
    #[arg(long, value_name = "NAME", default_value_t)]
    name: Name,

    /// The region [default: that of the environment or the profile]
    #[arg(long)]
    pub(super) region: Option<Region>,

    /// Where certificate, key and sealift.toml go; for several things, into directories of their names below it
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,

    /// A certificate request (PKCS #10, PEM) that was made on the device, as by `sealift key csr`; no key is made here then
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    csr: Option<PathBuf>,
}

impl Target {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        let mut things = self.things.clone();
        if let Some(list) = &self.list {
            things.extend(things::of_file(list)?);
        }
        things.sort();
        things.dedup();
        if things.is_empty() || self.csr.is_some() && things.len() > 1 {
            let message = "--csr is for one thing, and there has to be one";
            return Err(Failure::new(ExitStatus::Usage, message));
        }
        Ok(Request {
            things,
            bucket: self.bucket.clone(),
            create_bucket: self.create_bucket,
            name: self.name.clone(),
            out: self.out.clone(),
            csr: self.csr.clone(),
        })
    }
}

/// The characters and the length only; S3 has more rules, and answers for them.
fn bucket(text: &str) -> Result<String, &'static str> {
    let usual =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    if (3..=63).contains(&text.len()) && text.bytes().all(usual) {
        return Ok(text.to_owned());
    }
    Err("a bucket's name has 3 to 63 characters out of a-z 0-9 . -")
}
