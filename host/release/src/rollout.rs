//! Which part of a fleet takes a release first.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Release;

/// The part of all devices that take a release by themselves, in percent: 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct Rollout(u8);

/// More than all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rollout is a whole number of percent, from 0 to 100, and not {0}")]
pub struct RolloutError(u8);

impl Rollout {
    /// Every device.
    pub const EVERYONE: Self = Self(100);

    /// Whether the device with this name is among them. It stays among them when the rollout grows, for its
    /// place is the same for as long as the release is. Each release has another order of devices, so
    /// that it is not always the same ones that find the faults.
    pub fn includes(self, thing: &str, release: &Release) -> bool {
        place(thing, release) < u64::from(self.0)
    }
}

/// A number below 100. The remainder of 64 bits favours no place by more than 100 in 2^64.
fn place(thing: &str, release: &Release) -> u64 {
    let mut hash = Sha256::new();
    hash.update(release.digest.as_bytes());
    hash.update(release.version().to_string());
    hash.update([0]);
    hash.update(thing);
    let digest = hash.finalize();
    let number = digest
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte));
    number % 100
}

impl TryFrom<u8> for Rollout {
    type Error = RolloutError;

    fn try_from(percent: u8) -> Result<Self, RolloutError> {
        if percent > 100 {
            return Err(RolloutError(percent));
        }
        Ok(Self(percent))
    }
}

impl From<Rollout> for u8 {
    fn from(rollout: Rollout) -> Self {
        rollout.0
    }
}

impl Display for Rollout {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::Digest;

    fn release(bytes: &[u8]) -> Release {
        Release {
            digest: Digest::of(bytes),
            ..Release::example("1.0.0")
        }
    }

    proptest! {
        #[test]
        fn who_is_in_stays_in_as_it_grows(
            thing in "[a-z]{1,12}", bytes: [u8; 4], small in 0..=100u8, more in 0..=100u8,
        ) {
            let (small, large) = (Rollout(small.min(more)), Rollout(small.max(more)));
            let release = release(&bytes);
            prop_assert!(!small.includes(&thing, &release) || large.includes(&thing, &release));
            prop_assert!(Rollout::EVERYONE.includes(&thing, &release));
            prop_assert!(!Rollout(0).includes(&thing, &release));
        }
    }

    #[test]
    fn a_tenth_of_the_fleet_is_about_a_tenth_and_another_one_for_each_release() {
        let included = |bytes: &[u8]| -> Vec<String> {
            (0..2000)
                .map(|number| format!("gateway-{number}"))
                .filter(|thing| Rollout(10).includes(thing, &release(bytes)))
                .collect()
        };
        let (one, other) = (included(b"one"), included(b"other"));
        assert!((140..260).contains(&one.len()), "{}", one.len());
        let both = one.iter().filter(|thing| other.contains(thing)).count();
        assert!(both < one.len() / 2, "{both} of {}", one.len());
    }
}
