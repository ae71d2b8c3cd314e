//! Why there is no plan, and why something has no place in it.

use std::io;
use std::path::PathBuf;

use super::plan::MOST_ITEMS;
use super::{Destination, Input};

/// Why there is no plan. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A source that is not there or cannot be looked at.
    #[error("cannot read `{}`", path.display())]
    Source {
        /// The source.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A source whose name cannot be a key.
    #[error(transparent)]
    Name(EntryError),
    /// A directory while directories were not asked for.
    #[error("`{}` is a directory: use -r to upload what is in it", .0.display())]
    Directory(PathBuf),
    /// Several objects cannot have one key.
    #[error(
        "several files cannot all become `{destination}`: end the key with `/` to put them under it"
    )]
    NotAPrefix {
        /// What was asked for.
        destination: Destination,
    },
    /// Standard input has no name to put under a prefix.
    #[error(
        "standard input needs a whole key, and `{destination}` is a prefix: write s3://BUCKET/KEY"
    )]
    NamelessInput {
        /// What was asked for.
        destination: Destination,
    },
    /// Two files for one key.
    #[error("`{first}` and `{second}` would both become `{key}`")]
    Collision {
        /// The key.
        key: String,
        /// One input.
        first: Input,
        /// The other.
        second: Input,
    },
    /// Too many files.
    #[error("more than {MOST_ITEMS} files: upload them directory by directory")]
    TooMany,
}

impl PlanError {
    /// Whether the call was wrong, rather than the files.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Directory(_)
                | Self::NotAPrefix { .. }
                | Self::NamelessInput { .. }
                | Self::Collision { .. }
        )
    }
}

/// Why something below a directory does not become an object.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// It vanished while the directory was read: there is nothing to upload.
    #[error("`{}` vanished while its directory was read", .0.display())]
    Vanished(PathBuf),
    /// It may not be read, or leads back to a directory above it or to nothing.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The entry.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name that cannot be a key.
    #[error("`{}` cannot be an object's name: {reason}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// Deeper than trees are.
    #[error("`{}` lies too deep: more than 256 directories below the one that was given", .0.display())]
    TooDeep(PathBuf),
    /// A symbolic link while links are errors.
    #[error("`{}` is a symbolic link", .0.display())]
    Symlink(PathBuf),
    /// A symbolic link to what was not given.
    #[error("`{}` leads out of the directory, to `{}`", path.display(), target.display())]
    LeadsOut {
        /// The link.
        path: PathBuf,
        /// What it leads to.
        target: PathBuf,
    },
    /// A pipe, a socket or a device.
    #[error("`{}` is not a regular file", .0.display())]
    Special(PathBuf),
}

impl EntryError {
    /// Whether somebody should do something about it. The rest is what was asked for.
    pub fn is_failure(&self) -> bool {
        !matches!(
            self,
            Self::LeadsOut { .. } | Self::Special(_) | Self::Vanished(_)
        )
    }
}
