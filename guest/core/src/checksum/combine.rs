//! The checksum of a whole from the checksums of its parts.
//!
//! A CRC of `A ∥ B` is `crc(A)·x^(8·|B|) + crc(B)` in the field of its polynomial: that is how S3
//! knows the checksum of an object (`FULL_OBJECT`) of which it only saw the parts, and how we know
//! what it must say.

use super::{Algorithm, Digest};

/// A CRC's polynomial without its highest power, bits reflected.
#[derive(Debug, Clone, Copy)]
struct Polynomial {
    reflected: u64,
    width: u32,
}

/// A checksum that grows by the checksum of what follows.
#[derive(Debug, Clone)]
pub struct Combined {
    algorithm: Algorithm,
    polynomial: Polynomial,
    value: u64,
}

impl Combined {
    /// The checksum of nothing, to which parts are added in order. `None` for algorithms whose
    /// checksums cannot be combined: S3 knows only checksums of checksums (`COMPOSITE`) for those.
    pub fn new(algorithm: Algorithm) -> Option<Self> {
        let (reflected, width) = match algorithm {
            Algorithm::Crc64Nvme => (0x9a6c_9329_ac4b_c9b5, 64),
            Algorithm::Crc32 => (0xedb8_8320, 32),
            Algorithm::Crc32C => (0x82f6_3b78, 32),
            Algorithm::Sha1 | Algorithm::Sha256 => return None,
        };
        Some(Self {
            algorithm,
            polynomial: Polynomial { reflected, width },
            value: 0,
        })
    }

    /// Adds the part that follows: its checksum, and its length in bytes. A digest of another
    /// algorithm changes nothing and answers false.
    pub fn add(&mut self, digest: &Digest, length: u64) -> bool {
        if digest.algorithm() != self.algorithm {
            return false;
        }
        let part = digest
            .as_bytes()
            .iter()
            .fold(0, |value, &byte| value << 8 | u64::from(byte));
        let shift = self.polynomial.power(u128::from(length) * 8);
        self.value = self.polynomial.multiply(shift, self.value) ^ part;
        true
    }

    /// The checksum of all that was added.
    pub fn digest(&self) -> Digest {
        let bytes = self.value.to_be_bytes();
        let unused = bytes.len() - self.algorithm.size();
        Digest {
            algorithm: self.algorithm,
            bytes: bytes[unused..].to_vec(),
        }
    }
}

impl Polynomial {
    /// `x^0`: in reflected order the highest bit is the lowest power.
    fn one(self) -> u64 {
        1 << (self.width - 1)
    }

    /// The product of two remainders.
    fn multiply(self, one: u64, other: u64) -> u64 {
        let (mut product, mut shifted) = (0, other);
        let mut bit = self.one();
        while bit != 0 {
            if one & bit != 0 {
                product ^= shifted;
            }
            let carry = shifted & 1;
            shifted = (shifted >> 1) ^ (carry * self.reflected);
            bit >>= 1;
        }
        product
    }

    /// The remainder of `x^exponent`, by squaring.
    fn power(self, mut exponent: u128) -> u64 {
        let (mut result, mut base) = (self.one(), self.one() >> 1);
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = self.multiply(base, result);
            }
            base = self.multiply(base, base);
            exponent >>= 1;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crc_fast::CrcAlgorithm;
    use proptest::prelude::*;

    use super::*;

    fn digest(algorithm: Algorithm, bytes: &[u8]) -> Digest {
        let known = match algorithm {
            Algorithm::Crc64Nvme => CrcAlgorithm::Crc64Nvme,
            Algorithm::Crc32 => CrcAlgorithm::Crc32IsoHdlc,
            Algorithm::Crc32C => CrcAlgorithm::Crc32Iscsi,
            Algorithm::Sha1 | Algorithm::Sha256 => panic!("not a CRC"),
        };
        let value = crc_fast::checksum(known, bytes).to_be_bytes();
        Digest::from_bytes(algorithm, value[8 - algorithm.size()..].to_vec()).unwrap()
    }

    const CRCS: [Algorithm; 3] = [Algorithm::Crc64Nvme, Algorithm::Crc32, Algorithm::Crc32C];

    #[test]
    fn hashes_cannot_be_combined() {
        assert!(Combined::new(Algorithm::Sha1).is_none());
        assert!(Combined::new(Algorithm::Sha256).is_none());
    }

    #[test]
    fn a_digest_of_another_algorithm_is_not_added() {
        let mut combined = Combined::new(Algorithm::Crc32).unwrap();
        assert!(!combined.add(&digest(Algorithm::Crc32C, b"a"), 1));
        assert_eq!(combined.digest().as_bytes(), [0; 4]);
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_checksum_of_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..6)
        ) {
            for algorithm in CRCS {
                let mut combined = Combined::new(algorithm).unwrap();
                for part in &parts {
                    prop_assert!(combined.add(&digest(algorithm, part), part.len() as u64));
                }
                prop_assert_eq!(combined.digest(), digest(algorithm, &parts.concat()));
            }
        }
    }
}
