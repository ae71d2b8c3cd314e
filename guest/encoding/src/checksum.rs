//! S3's checksum algorithms and their values.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// An algorithm that S3 accepts as an object's or a part's checksum.
///
/// Source: Amazon S3 User Guide, "Checking object integrity".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// CRC-64/NVME, the default of AWS's own clients; for whole objects only.
    Crc64Nvme,
    /// CRC-32/ISO-HDLC, as in gzip and Ethernet.
    Crc32,
    /// CRC-32/ISCSI, also known as Castagnoli.
    Crc32c,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// All of them, S3's default first.
    pub const ALL: [Self; 5] = [
        Self::Crc64Nvme,
        Self::Crc32,
        Self::Crc32c,
        Self::Sha1,
        Self::Sha256,
    ];

    /// S3's name in lower case, as in [`Self::header`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc64Nvme => "crc64nvme",
            Self::Crc32 => "crc32",
            Self::Crc32c => "crc32c",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// The header or trailer field that carries the value, in lower case.
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The length of the value in bytes, before encoding.
    pub fn width(self) -> usize {
        match self {
            Self::Crc64Nvme => 8,
            Self::Crc32 | Self::Crc32c => 4,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The checksum of bytes at hand.
    pub fn checksum(self, data: &[u8]) -> Checksum {
        let mut hasher = Hasher::new(self);
        hasher.update(data);
        hasher.finish()
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm(name.into()))
    }
}

/// A name that is none of S3's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown checksum algorithm {0:?}: use crc64nvme, crc32, crc32c, sha1 or sha256")]
pub struct UnknownAlgorithm(String);

/// A checksum's value. Prints as S3 writes it: base64, a CRC's bytes in big-endian order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum {
    algorithm: Algorithm,
    /// The value, then zeros.
    bytes: [u8; 32],
}

impl Checksum {
    /// The algorithm that made it.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw value.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.width()]
    }

    /// As S3 writes it in headers, trailers and XML.
    pub fn base64(&self) -> String {
        STANDARD.encode(self.as_bytes())
    }

    /// In lower-case hexadecimal; for SHA-256, what goes into `x-amz-content-sha256`.
    pub fn hex(&self) -> String {
        self.as_bytes()
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xf])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }

    /// A checksum that somebody else computed; `None` unless it is as long as the algorithm's are.
    pub fn from_bytes(algorithm: Algorithm, value: &[u8]) -> Option<Self> {
        (value.len() == algorithm.width()).then(|| Self::new(algorithm, value))
    }

    fn new(algorithm: Algorithm, value: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes[..value.len()].copy_from_slice(value);
        Self { algorithm, bytes }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base64())
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({}:{})", self.algorithm, self.base64())
    }
}

/// A checksum in the making.
pub struct Hasher {
    algorithm: Algorithm,
    state: State,
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({})", self.algorithm)
    }
}

/// The CRC's state is boxed because it carries 200 bytes of folding constants.
enum State {
    Crc(Box<crc_fast::Digest>),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    /// Of no bytes yet.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
        };
        Self { algorithm, state }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.state {
            State::Crc(digest) => digest.update(data),
            State::Sha1(digest) => digest.update(data),
            State::Sha256(digest) => digest.update(data),
        }
    }

    /// The checksum of all bytes taken in.
    pub fn finish(self) -> Checksum {
        let algorithm = self.algorithm;
        match self.state {
            State::Crc(digest) => {
                // A 32-bit CRC is the low half of the word.
                let word = digest.finalize().to_be_bytes();
                Checksum::new(algorithm, &word[word.len() - algorithm.width()..])
            }
            State::Sha1(digest) => Checksum::new(algorithm, &digest.finalize()),
            State::Sha256(digest) => Checksum::new(algorithm, &digest.finalize()),
        }
    }
}

fn crc(algorithm: CrcAlgorithm) -> State {
    State::Crc(Box::new(crc_fast::Digest::new(algorithm)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The check values of the CRC catalogue (the CRC of "123456789"), and FIPS 180's for "abc".
    const VECTORS: [(Algorithm, &[u8], &str); 5] = [
        (Algorithm::Crc64Nvme, b"123456789", "ae8b14860a799888"),
        (Algorithm::Crc32, b"123456789", "cbf43926"),
        (Algorithm::Crc32c, b"123456789", "e3069283"),
        (
            Algorithm::Sha1,
            b"abc",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
        (
            Algorithm::Sha256,
            b"abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
    ];

    #[test]
    fn published_check_values_are_met() {
        for (algorithm, data, value) in VECTORS {
            assert_eq!(algorithm.checksum(data).hex(), value, "{algorithm}");
        }
    }

    #[test]
    fn pieces_and_the_whole_agree() {
        let data: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for algorithm in Algorithm::ALL {
            let mut hasher = Hasher::new(algorithm);
            for piece in data.chunks(777) {
                hasher.update(piece);
            }
            assert_eq!(hasher.finish(), algorithm.checksum(&data));
        }
    }

    #[test]
    fn a_crc_is_written_big_endian_in_base64() {
        assert_eq!(
            Algorithm::Crc32.checksum(b"123456789").to_string(),
            "y/Q5Jg=="
        );
    }

    #[test]
    fn a_value_of_another_length_is_no_checksum() {
        for algorithm in Algorithm::ALL {
            let checksum = algorithm.checksum(b"data");
            let value = checksum.as_bytes();
            assert_eq!(Checksum::from_bytes(algorithm, value), Some(checksum));
            assert_eq!(Checksum::from_bytes(algorithm, &value[1..]), None);
            assert_eq!(Checksum::from_bytes(algorithm, &[0; 33]), None);
        }
    }

    #[test]
    fn names_parse_back_and_agree_with_headers() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            assert_eq!(algorithm.header(), format!("x-amz-checksum-{algorithm}"));
            assert_eq!(algorithm.checksum(b"").as_bytes().len(), algorithm.width());
        }
        for stranger in ["CRC32", "md5", "", "crc64"] {
            assert_eq!(
                stranger.parse::<Algorithm>(),
                Err(UnknownAlgorithm(stranger.to_owned()))
            );
        }
    }
}
