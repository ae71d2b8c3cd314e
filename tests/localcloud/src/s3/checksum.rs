//! S3's additional checksums.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use serde::{Deserialize, Serialize};

/// The algorithms that S3 offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    /// What S3 computes when nobody asks for anything.
    pub(super) const DEFAULT: Self = Self::Crc64Nvme;
    pub(super) const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The value of `x-amz-checksum-algorithm`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header, or trailer, that carries a value.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    pub(super) fn of_header(header: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.header().eq_ignore_ascii_case(header))
    }

    /// What a multipart upload makes of its parts' checksums unless told otherwise.
    pub(super) fn default_form(self) -> Form {
        match self {
            Self::Crc64Nvme => Form::FullObject,
            Self::Crc32 | Self::Crc32c | Self::Sha1 | Self::Sha256 => Form::Composite,
        }
    }

    /// Whether a multipart upload may use this algorithm in this form.
    pub(super) fn supports(self, form: Form) -> bool {
        match self {
            Self::Crc64Nvme => form == Form::FullObject,
            Self::Sha1 | Self::Sha256 => form == Form::Composite,
            Self::Crc32 | Self::Crc32c => true,
        }
    }

    /// Whether text is the base64 of a value of the right length.
    pub(super) fn is_value(self, text: &str) -> bool {
        let length = match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        };
        STANDARD
            .decode(text)
            .is_ok_and(|bytes| bytes.len() == length)
    }

    /// A hasher for this algorithm alone.
    pub(super) fn hasher(self) -> ChecksumHasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
        hasher
    }

    /// Takes this algorithm's value out of a finished hasher.
    pub(super) fn value(self, sums: &s3s::dto::Checksum) -> Option<String> {
        match self {
            Self::Crc32 => sums.checksum_crc32.clone(),
            Self::Crc32c => sums.checksum_crc32c.clone(),
            Self::Crc64Nvme => sums.checksum_crc64nvme.clone(),
            Self::Sha1 => sums.checksum_sha1.clone(),
            Self::Sha256 => sums.checksum_sha256.clone(),
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}

/// What the checksum of a multipart upload is a checksum of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Form {
    /// Of the object's bytes.
    FullObject,
    /// Of the parts' checksums, one after the other.
    Composite,
}

impl Form {
    /// The value of `x-amz-checksum-type`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::FullObject, Self::Composite]
            .into_iter()
            .find(|form| form.name() == name)
    }
}

/// The checksum of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    pub(super) form: Form,
    /// Base64; a composite one ends in `-` and the number of parts.
    pub(super) value: String,
}

impl Checksum {
    /// The checksum of an object from those of its parts, given as base64
    /// values and lengths. `None` if the values are not of the algorithm, or
    /// the algorithm does not have this form.
    pub(super) fn combine(
        algorithm: Algorithm,
        form: Form,
        parts: &[(String, u64)],
    ) -> Option<Self> {
        let value = match form {
            Form::FullObject => full_object(algorithm, parts)?,
            Form::Composite => composite(algorithm, parts)?,
        };
        Some(Self {
            algorithm,
            form,
            value,
        })
    }
}

fn full_object(algorithm: Algorithm, parts: &[(String, u64)]) -> Option<String> {
    let crc = algorithm.crc()?;
    let mut whole: Option<u64> = None;
    for (value, length) in parts {
        let part = read_crc(value)?;
        whole = Some(match whole {
            None => part,
            Some(before) => crc_fast::checksum_combine(crc, before, part, *length),
        });
    }
    let bytes = whole?.to_be_bytes();
    Some(STANDARD.encode(if algorithm == Algorithm::Crc64Nvme {
        &bytes[..]
    } else {
        &bytes[4..]
    }))
}

fn read_crc(value: &str) -> Option<u64> {
    let bytes = STANDARD.decode(value).ok()?;
    (bytes.len() <= 8).then(|| {
        bytes
            .iter()
            .fold(0, |crc, byte| crc << 8 | u64::from(*byte))
    })
}

fn composite(algorithm: Algorithm, parts: &[(String, u64)]) -> Option<String> {
    let mut hasher = algorithm.hasher();
    for (value, _) in parts {
        hasher.update(&STANDARD.decode(value).ok()?);
    }
    let value = algorithm.value(&hasher.finalize())?;
    Some(format!("{value}-{}", parts.len()))
}

/// Sets the one of a response's five checksum fields that fits.
macro_rules! set_checksum {
    ($output:expr, $algorithm:expr, $value:expr) => {
        match $algorithm {
            Algorithm::Crc32 => $output.checksum_crc32 = Some($value),
            Algorithm::Crc32c => $output.checksum_crc32c = Some($value),
            Algorithm::Crc64Nvme => $output.checksum_crc64nvme = Some($value),
            Algorithm::Sha1 => $output.checksum_sha1 = Some($value),
            Algorithm::Sha256 => $output.checksum_sha256 = Some($value),
        }
    };
}

/// The one of five checksum fields that belongs to an algorithm.
macro_rules! stated_checksum {
    ($input:expr, $algorithm:expr) => {
        match $algorithm {
            Algorithm::Crc32 => $input.checksum_crc32.as_deref(),
            Algorithm::Crc32c => $input.checksum_crc32c.as_deref(),
            Algorithm::Crc64Nvme => $input.checksum_crc64nvme.as_deref(),
            Algorithm::Sha1 => $input.checksum_sha1.as_deref(),
            Algorithm::Sha256 => $input.checksum_sha256.as_deref(),
        }
    };
}

pub(super) use {set_checksum, stated_checksum};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn sum(algorithm: Algorithm, bytes: &[u8]) -> String {
        let mut hasher = algorithm.hasher();
        hasher.update(bytes);
        algorithm.value(&hasher.finalize()).unwrap()
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_checksum_of_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..6)
        ) {
            let whole = parts.concat();
            for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
                let sums: Vec<_> =
                    parts.iter().map(|part| (sum(algorithm, part), part.len() as u64)).collect();
                let combined = Checksum::combine(algorithm, Form::FullObject, &sums).unwrap();
                prop_assert_eq!(combined.value, sum(algorithm, &whole));
            }
        }
    }

    #[test]
    fn a_composite_checksum_is_one_of_checksums() {
        let parts = [b"first".as_slice(), b"second"];
        let sums: Vec<_> = parts
            .iter()
            .map(|part| (sum(Algorithm::Sha256, part), part.len() as u64))
            .collect();
        let digests: Vec<u8> = sums
            .iter()
            .flat_map(|(value, _)| STANDARD.decode(value).unwrap())
            .collect();
        let combined = Checksum::combine(Algorithm::Sha256, Form::Composite, &sums).unwrap();
        assert_eq!(
            combined.value,
            format!("{}-2", sum(Algorithm::Sha256, &digests))
        );
        assert_eq!(
            Checksum::combine(Algorithm::Sha256, Form::FullObject, &sums),
            None
        );
    }

    #[test]
    fn known_values() {
        // The check values of the CRC catalogue, for "123456789".
        assert_eq!(
            sum(Algorithm::Crc32, b"123456789"),
            STANDARD.encode(0xCBF4_3926_u32.to_be_bytes())
        );
        assert_eq!(
            sum(Algorithm::Crc32c, b"123456789"),
            STANDARD.encode(0xE306_9283_u32.to_be_bytes())
        );
        assert_eq!(
            sum(Algorithm::Crc64Nvme, b"123456789"),
            STANDARD.encode(0xAE8B_1486_0A79_9888_u64.to_be_bytes())
        );
    }
}
