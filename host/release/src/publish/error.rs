//! Why a repository is not changed.

use std::io;
use std::path::{Path, PathBuf};

use semver::Version;

use super::keys::KeyId;
use crate::{Digest, ManifestError, Role, TargetFile, TrustError};

/// Why a repository is not changed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The file system does not let us.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is one already.
    #[error("{} holds a repository already; add to it, or begin in another directory", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// There is none, or not all of one.
    #[error("{} is no repository; make one with `sealift release init`", path.display())]
    Absent {
        /// Where.
        path: PathBuf,
    },
    /// A file of metadata is not what it should be.
    #[error("{} is no TUF metadata of the role {role}; take it from a copy of the repository", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// Of which role it should be.
        role: Role,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// More signatures are wanted than there are keys.
    #[error(
        "{threshold} signatures of the role {role} cannot come from {keys} keys; make more keys, or ask for fewer signatures"
    )]
    Threshold {
        /// Which role.
        role: Role,
        /// How many have to sign.
        threshold: u32,
        /// How many there are.
        keys: u32,
    },
    /// It is no private key that TUF knows.
    #[error("{} holds no private key that can sign; it takes PKCS #8 in PEM, of Ed25519, ECDSA on P-256 or RSA", path.display())]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// It is no public key as TUF writes it.
    #[error("{} holds no public key, as TUF writes it or in PEM; its holder has it by `sealift release public-key`", path.display())]
    PublicKey {
        /// The file.
        path: PathBuf,
    },
    /// It signs in no way that TUF knows.
    #[error("{name} is no key that TUF knows; it takes RSA, and ECDSA on P-256")]
    KeyKind {
        /// Where it is.
        name: String,
    },
    /// More keys than anybody has.
    #[error("{keys} keys for the role {role} are too many; {most} are the most")]
    ManyKeys {
        /// Which role.
        role: Role,
        /// How many there would be.
        keys: u32,
        /// How many there may be.
        most: u32,
    },
    /// What was decided of lifetimes cannot be read.
    #[error("{} does not say for how long signatures count; take it from a copy of the repository, or remove it for what is usual", path.display())]
    Lifetimes {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// No role has it.
    #[error(
        "no role that lacks a signature has the key {id} ({name}); the drafts lack those of {wanted}"
    )]
    Stranger {
        /// The key.
        id: KeyId,
        /// Where it came from.
        name: String,
        /// Whose would do.
        wanted: String,
    },
    /// The version is taken.
    #[error(
        "version {version} is published with other bytes ({digest}); give these another version"
    )]
    VersionTaken {
        /// Which.
        version: Version,
        /// What is published.
        digest: Digest,
    },
    /// The name is taken by another release.
    #[error(
        "the name {name} is version {version}'s already; give this release another one with --name"
    )]
    NameTaken {
        /// Which.
        name: TargetFile,
        /// Whose it is.
        version: Version,
    },
    /// The version has a name already.
    #[error("version {version} is published as {name} already; leave --name out, or name that")]
    Named {
        /// Which.
        version: Version,
        /// Its name.
        name: String,
    },
    /// There is no such release.
    #[error("there is no release {version}; there are: {others}")]
    NoSuchVersion {
        /// Which.
        version: Version,
        /// Those that there are.
        others: String,
    },
    /// It is larger than any component may be.
    #[error("the component has {length} bytes, and devices take {limit} at most")]
    TooLarge {
        /// In bytes.
        length: u64,
        /// In bytes.
        limit: u64,
    },
    /// The role has no such key.
    #[error(
        "the role {role} has no key {id}, or several that begin so; `sealift release check` lists those that it has"
    )]
    NoSuchKey {
        /// Which role.
        role: Role,
        /// Which key.
        id: KeyId,
    },
    /// Drafts of a root cannot be built upon.
    #[error("a new root lacks signatures still; have it signed with `sealift release sign` first")]
    RootDrafted,
    /// A component's file is not what the metadata say.
    #[error("{} is not the component that was signed; add it again", path.display())]
    Target {
        /// The file.
        path: PathBuf,
    },
    /// A time that no calendar has.
    #[error("the time of expiry is out of range; check this machine's clock")]
    Time,
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A device would not take it.
    #[error("a device would not take this repository")]
    Untrusted(#[from] TrustError),
    /// TUF's types.
    #[error("cannot make TUF metadata")]
    Tuf(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PublishError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}

impl From<tough::schema::Error> for PublishError {
    fn from(error: tough::schema::Error) -> Self {
        Self::Tuf(Box::new(error))
    }
}
