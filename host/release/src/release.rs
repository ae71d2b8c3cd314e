//! What a publisher says of a component, and signs.

mod manifest;
mod target_file;
mod world;

use semver::Version;
use serde::{Deserialize, Serialize};

pub use manifest::{LARGEST_COMPONENT, MOST_ORIGINS, Manifest, ManifestError};
pub use target_file::{TargetFile, TargetFileError};
pub use world::{World, WorldError};

use crate::Digest;

/// A component that may be installed: a TUF target of ours.
///
/// Everything in it is signed. What the component says of itself is informational.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its name in the repository.
    pub file: TargetFile,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub length: u64,
    /// What the publisher says of it.
    pub manifest: Manifest,
}

impl Release {
    /// Its version.
    pub fn version(&self) -> &Version {
        &self.manifest.version
    }

    /// Whether the two are the same release: equal bytes under another version are another one.
    pub fn is(&self, other: &Self) -> bool {
        self.digest == other.digest && self.version() == other.version()
    }

    #[cfg(test)]
    pub(crate) fn example(version: &str) -> Self {
        #![allow(clippy::unwrap_used, reason = "tests")]
        Self {
            file: format!("uploader-{version}.wasm").parse().unwrap(),
            digest: Digest::of(version.as_bytes()),
            length: 1000,
            manifest: Manifest {
                version: version.parse().unwrap(),
                world: "sealift:gateway/uploader@0.1.0".parse().unwrap(),
                minimum_host_version: Version::new(0, 1, 0),
                origins: Vec::new(),
                rollout: crate::Rollout::EVERYONE,
            },
        }
    }
}
