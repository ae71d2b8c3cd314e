//! The checksums that S3 verifies, by its names and in its encoding.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;

use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;
use crate::settings::Settings;

mod combine;
mod composite;

pub use combine::Combined;
pub use composite::composite;

/// A checksum algorithm of S3 ("Checking object integrity", Amazon S3 User Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// CRC-64/NVME, the default of AWS's own clients.
    Crc64Nvme,
    /// CRC-32 (ISO HDLC).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32C,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// Where the checksum travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placement {
    /// After the payload, computed while sending: one pass over the bytes.
    Trailer,
    /// In a header, computed before: two passes, and understood by every store.
    Header,
}

/// A checksum to send along: which, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum {
    /// Which checksum.
    pub algorithm: Algorithm,
    /// Where it travels.
    pub placement: Placement,
}

/// A computed checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl Algorithm {
    /// All of them, in the order of preference.
    pub const ALL: [Self; 5] = [
        Self::Crc64Nvme,
        Self::Crc32,
        Self::Crc32C,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The name in lower case, as it ends the header's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc64Nvme => "crc64nvme",
            Self::Crc32 => "crc32",
            Self::Crc32C => "crc32c",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// The header (or trailer) that carries the checksum of the whole object.
    pub fn header(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32C => "x-amz-checksum-crc32c",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        })
    }

    /// The name in upper case, as S3's own fields have it.
    pub fn s3_name(self) -> &'static str {
        match self {
            Self::Crc64Nvme => "CRC64NVME",
            Self::Crc32 => "CRC32",
            Self::Crc32C => "CRC32C",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// Whether the checksum of a whole follows from those of its parts: true of CRCs.
    pub fn can_be_combined(self) -> bool {
        matches!(self, Self::Crc64Nvme | Self::Crc32 | Self::Crc32C)
    }

    /// The size of a digest in bytes.
    fn size(self) -> usize {
        match self {
            Self::Crc64Nvme => 8,
            Self::Crc32 | Self::Crc32C => 4,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

impl Checksum {
    /// Takes `checksum` (an algorithm or `none`; CRC-64/NVME when absent) and
    /// `checksum-placement` (`trailer`, the default, or `header`).
    pub fn from_settings(settings: &mut Settings) -> Result<Option<Self>, Error> {
        let algorithm = settings.take_as("checksum", |text| match text {
            "none" => Ok(None),
            name => name.parse().map(Some),
        })?;
        let placement = settings.take_as("checksum-placement", str::parse)?;
        let algorithm = algorithm.unwrap_or(Some(Algorithm::Crc64Nvme));
        Ok(algorithm.map(|algorithm| Self {
            algorithm,
            placement: placement.unwrap_or(Placement::Trailer),
        }))
    }
}

impl Digest {
    /// Takes the big-endian bytes themselves.
    pub fn from_bytes(algorithm: Algorithm, bytes: Vec<u8>) -> Result<Self, Error> {
        if bytes.len() == algorithm.size() {
            return Ok(Self { algorithm, bytes });
        }
        let message = format!("{} bytes are not a {algorithm} checksum", bytes.len());
        Err(Error::new(ErrorKind::Protocol, message))
    }

    /// The big-endian bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads S3's form: base64 of the big-endian bytes.
    pub fn from_base64(algorithm: Algorithm, text: &str) -> Result<Self, Error> {
        match STANDARD.decode(text) {
            Ok(bytes) if bytes.len() == algorithm.size() => Ok(Self { algorithm, bytes }),
            _ => Err(Error::new(
                ErrorKind::Protocol,
                format!(
                    "`{}` is not a {algorithm} checksum in base64",
                    excerpt(text)
                ),
            )),
        }
    }

    /// Which checksum this is.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// S3's form: base64 of the big-endian bytes.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// The form of signatures: lower-case hexadecimal.
    pub fn to_hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let nibbles = self.bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        nibbles
            .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
            .collect()
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|known| known.name() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(
                ErrorKind::Unsupported,
                format!("checksum `{}` is not one of {names}", excerpt(text)),
            )
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Placement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "trailer" => Ok(Self::Trailer),
            "header" => Ok(Self::Header),
            _ => Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "checksum placement `{}` is not trailer or header",
                    excerpt(text)
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names_and_headers_agree() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse::<Algorithm>(), Ok(algorithm));
            let header = format!("x-amz-checksum-{algorithm}");
            assert_eq!(algorithm.header().as_str(), header);
        }
    }

    #[test]
    fn an_unknown_algorithm_is_unsupported() {
        let error = "md5".parse::<Algorithm>().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        let error = "footer".parse::<Placement>().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
    }

    #[test]
    fn a_digest_has_the_size_of_its_algorithm() {
        let digest = Digest::from_base64(Algorithm::Crc32, "AAECAw==").unwrap();
        assert_eq!(digest.to_hex(), "00010203");
        assert_eq!(digest.to_base64(), "AAECAw==");
        for (algorithm, text) in [
            (Algorithm::Sha256, "AAECAw=="),
            (Algorithm::Crc32, "AAECAw"),
            (Algorithm::Crc32, "00010203"),
            (Algorithm::Crc32, "!"),
        ] {
            let error = Digest::from_base64(algorithm, text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Protocol);
        }
    }
}
