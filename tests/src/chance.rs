//! Random choices that can be repeated.

use std::time::{SystemTime, UNIX_EPOCH};

/// A small generator (`SplitMix64`).
pub struct Chance(u64);

impl Chance {
    /// Choices by the number in this variable of the environment, or by one of its own. It is printed.
    pub fn by(variable: &str) -> Self {
        let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed = number(variable).unwrap_or(u64::from(clock.subsec_nanos()));
        println!("{variable}={seed}");
        Self(seed)
    }

    /// The choices that belong to this number.
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % limit
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let place = self.below(all.len().try_into().unwrap());
        all[usize::try_from(place).unwrap()]
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for chunk in bytes.chunks_mut(8) {
            let number = self.below(u64::MAX).to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        bytes
    }
}

/// The number in a variable of the environment.
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}
