//! Components that are not tried again.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// So many are remembered; of more, the first are forgotten.
pub const REMEMBERED: usize = 128;

/// Digests of components that failed on this device, the latest at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FailedDigests(VecDeque<Digest>);

impl FailedDigests {
    /// Whether it failed.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.0.contains(digest)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Digest> {
        self.0.iter()
    }

    pub(super) fn add(&mut self, digest: Digest) {
        self.remove(&digest);
        self.0.push_back(digest);
        while self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    /// It proved itself after all.
    pub(super) fn remove(&mut self, digest: &Digest) {
        self.0.retain(|failed| failed != digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_forgotten_and_what_fails_again_is_not_the_first() {
        let mut failed = FailedDigests::default();
        let digest = |number: usize| Digest::of(&number.to_be_bytes());
        for number in 0..REMEMBERED {
            failed.add(digest(number));
        }
        failed.add(digest(0));
        failed.add(digest(REMEMBERED));
        assert!(failed.contains(&digest(0)) && failed.contains(&digest(REMEMBERED)));
        assert!(!failed.contains(&digest(1)) && failed.contains(&digest(2)));
        assert_eq!(failed.iter().count(), REMEMBERED);
    }
}
