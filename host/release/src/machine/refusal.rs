//! What the machine does not do, and why.

use sealift_config::OriginPattern;
use semver::Version;

use crate::{Digest, World};

/// Nothing was changed, for this reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to take.
    #[error("the repository has no release of a component")]
    NothingOffered,
    /// It runs already.
    #[error("version {version} is the newest, and it runs")]
    UpToDate {
        /// Which.
        version: Version,
    },
    /// It is on its way already.
    #[error("version {version} is on its way already")]
    UnderWay {
        /// Which.
        version: Version,
    },
    /// Another one has to come to an end first.
    #[error(
        "version {version} is on trial; wait for its end, or end it with `sealift component rollback`"
    )]
    TrialUnderWay {
        /// Which.
        version: Version,
    },
    /// A person said so.
    #[error("updates are held on this device; end the hold first")]
    Held,
    /// A person said so.
    #[error(
        "this device is pinned to version {pin}, which is not among those that are offered; publish it, or unpin the device"
    )]
    Pinned {
        /// To what.
        pin: Version,
    },
    /// It would be a step back.
    #[error(
        "version {version} is older than {watermark}, which this device has run; publish it again under a newer version"
    )]
    BelowWatermark {
        /// What was offered.
        version: Version,
        /// What was committed.
        watermark: Version,
    },
    /// It has failed here before.
    #[error(
        "version {version} ({digest}) has failed on this device; publish a mended one, or force this one"
    )]
    FailedBefore {
        /// Which.
        version: Version,
        /// Its bytes.
        digest: Digest,
    },
    /// The host cannot run it.
    #[error(
        "version {version} needs a host of version {needs}, and this one is older; update the host first"
    )]
    HostTooOld {
        /// Which.
        version: Version,
        /// What it needs.
        needs: Version,
    },
    /// The host does not offer its contract.
    #[error(
        "version {version} is of the world {world}, which this host does not offer; update the host, or publish the release for its world"
    )]
    OtherWorld {
        /// Which.
        version: Version,
        /// Its world.
        world: World,
    },
    /// It asks for more than the configuration grants.
    #[error(
        "version {version} asks for {origin}, which the configuration does not grant; allow it under network.allow, or publish the release without it"
    )]
    NotGranted {
        /// Which.
        version: Version,
        /// The first that is not granted.
        origin: OriginPattern,
    },
    /// It is larger than any component may be.
    #[error("version {version} has {length} bytes, and a component may have {limit}")]
    TooLarge {
        /// Which.
        version: Version,
        /// Its size in bytes.
        length: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Other devices go first.
    #[error(
        "version {version} is for a part of the fleet yet, to which this device does not belong"
    )]
    NotYet {
        /// Which.
        version: Version,
    },
    /// No trial is under way, or it has jobs enough.
    #[error("no job is wanted on the component {digest}; run it on what is settled")]
    NoTurn {
        /// Which.
        digest: Digest,
    },
    /// There is no way back.
    #[error(
        "no earlier component is kept on this device; install one, or go back to the factory's"
    )]
    NothingBefore,
    /// It is there already.
    #[error("the factory component runs already")]
    FactoryRuns,
}
