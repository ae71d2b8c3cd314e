//! Which repository.

use std::path::{Path, PathBuf};

use sealift_release::publish::Publisher;

use super::lifetime::Lifetime;
use crate::cli::Failure;

/// The directory that all of it is about.
#[derive(Debug, clap::Args)]
pub(super) struct Repository {
    /// The repository's directory
    #[arg(long = "repo", value_name = "DIR")]
    directory: PathBuf,
}

impl Repository {
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The repository, where what is signed now counts for so long, and otherwise as long as it was made with.
    pub(super) fn open(&self, lifetimes: &[Lifetime]) -> Result<Publisher, Failure> {
        let publisher = Publisher::open(self.directory.clone())?;
        let lifetimes = Lifetime::all(lifetimes, publisher.lifetimes());
        Ok(Publisher::new(self.directory.clone(), lifetimes))
    }
}
