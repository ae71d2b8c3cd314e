//! Releases and circumstances.

use sealift_release::{
    Circumstances, Digest, Manifest, Release, Rollout, Tally, TrialRule, Window,
};
use semver::Version;

pub(crate) const TRIAL_JOBS: u32 = 4;
pub(crate) const DEATHS: u32 = 2;

/// A release whose bytes are told by `bytes`.
pub(crate) fn release(version: &str, bytes: &str) -> Release {
    Release {
        file: format!("uploader-{version}.wasm").parse().unwrap(),
        digest: Digest::of(bytes.as_bytes()),
        length: 1000,
        manifest: Manifest {
            version: version.parse().unwrap(),
            world: "sealift:gateway/uploader@0.1.0".parse().unwrap(),
            minimum_host_version: Version::new(0, 1, 0),
            origins: Vec::new(),
            rollout: Rollout::EVERYONE,
        },
    }
}

pub(crate) fn circumstances() -> Circumstances {
    Circumstances {
        host_version: Version::new(0, 3, 0),
        worlds: vec!["sealift:gateway/uploader@0.1.0".parse().unwrap()],
        grants: vec!["https://*.granted.example".parse().unwrap()],
        thing: "gateway-7".into(),
        window: Window::Open,
        trial: TrialRule {
            jobs: TRIAL_JOBS.try_into().unwrap(),
            deaths: DEATHS.try_into().unwrap(),
        },
        settled: Tally {
            succeeded: 100,
            failed: 0,
        },
    }
}
