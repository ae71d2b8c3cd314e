//! What is in a folder.

use std::path::PathBuf;

use rustix::io::Errno;

use crate::directory::Directory;
use crate::walk::{Step, Walk, aside_of};
use crate::{Fingerprint, Rule};

/// The files in a folder that a rule is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The path of each below the folder, and which version it is.
    pub files: Vec<(PathBuf, Fingerprint)>,
    /// Whether all of them are listed: there were not too many, and no directory was unreadable.
    pub is_complete: bool,
}

/// The folder cannot be listed.
#[derive(Debug, thiserror::Error)]
#[error("cannot look through the watched folder {}", .path.display())]
pub struct ListError {
    /// The folder.
    pub path: PathBuf,
    /// Why.
    pub source: Errno,
}

/// Lists at most so many of the files that the rule takes, whether they are complete or not; what
/// was moved aside is not among them. For quotas; blocks.
pub fn list(rule: &Rule, most: usize) -> Result<Listing, ListError> {
    let root = Directory::open(&rule.path).map_err(|source| ListError {
        path: rule.path.clone(),
        source,
    })?;
    let mut walk = Walk::whole(aside_of(rule));
    let mut listing = Listing {
        is_complete: true,
        ..Listing::default()
    };
    loop {
        match walk.step(&root) {
            Step::End => return Ok(listing),
            Step::Unreadable(..) => listing.is_complete = false,
            Step::File(path, _) if !rule.files.take(&path) => {}
            Step::File(..) if listing.files.len() >= most => {
                listing.is_complete = false;
                return Ok(listing);
            }
            Step::File(path, state) => listing.files.push((path, state)),
            Step::Directory(_) | Step::Other => {}
        }
    }
}
