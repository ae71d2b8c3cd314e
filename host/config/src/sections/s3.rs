//! `[s3]`: where objects go.

use super::CredentialProvider;
use crate::section::Section;
use crate::value::{OrNone, Value};
use crate::{Error, Origin, Region};

/// `[s3]`: the S3 endpoint and how to speak to it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct S3 {
    /// The region of the buckets; default: the region of the credentials
    /// endpoint.
    pub region: Region,
    /// An S3-compatible store. None: AWS's own endpoint of the region.
    pub endpoint: Option<Origin>,
    /// Where the bucket's name stands; default: in the host name, but in the
    /// path if `endpoint` is set.
    pub addressing: Addressing,
    /// The checksum that S3 verifies. None: no checksum but the signature's.
    pub checksum: Option<Checksum>,
}

keyword! {
    /// Where a request names its bucket.
    Addressing {
        /// As the first segment of the path.
        Path = "path",
        /// In front of the host name.
        Virtual = "virtual",
    }
}

/// A checksum that is sent with every object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: ChecksumAlgorithm,
    /// Where it is sent.
    pub placement: ChecksumPlacement,
}

keyword! {
    /// The algorithms of S3's additional checksums.
    ChecksumAlgorithm {
        /// CRC-64/NVME, the default of AWS's SDKs.
        Crc64Nvme = "crc64nvme",
        /// CRC-32 as in gzip.
        Crc32 = "crc32",
        /// CRC-32C (Castagnoli).
        Crc32c = "crc32c",
        /// SHA-1.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
    }
}

keyword! {
    /// Where a checksum is sent.
    ChecksumPlacement {
        /// Behind the body, computed while it is sent.
        Trailer = "trailer",
        /// In front of the body, which is read once more for it.
        Header = "header",
    }
}

impl S3 {
    pub(crate) const NAME: &'static str = "s3";

    /// None if nothing is said of S3 and the region cannot be told.
    pub(crate) fn read(
        mut section: Section<'_>,
        credentials: &CredentialProvider,
    ) -> Result<Option<Self>, Error> {
        let endpoint = section.optional("endpoint", Value::parse)?;
        let addressing = section.optional("addressing", Value::parse)?;
        let checksum = checksum(&mut section)?;
        let region = section
            .optional("region", Value::parse)?
            .or_else(|| Region::of_credentials_endpoint(&credentials.endpoint));
        let Some(region) = region else {
            return if section.is_present() {
                let help =
                    "it has no default here, because credentials.endpoint does not tell a region";
                Err(section.missing("region", Some(help)))
            } else {
                Ok(None)
            };
        };
        section.finish()?;
        Ok(Some(Self {
            addressing: addressing.unwrap_or(match endpoint {
                Some(_) => Addressing::Path,
                None => Addressing::Virtual,
            }),
            region,
            endpoint,
            checksum,
        }))
    }
}

fn checksum(section: &mut Section<'_>) -> Result<Option<Checksum>, Error> {
    let algorithm = section
        .optional("checksum", Value::parse_unless_none)?
        .unwrap_or(OrNone::Some(ChecksumAlgorithm::Crc64Nvme));
    let placement = section
        .optional("checksum_placement", Value::parse)?
        .unwrap_or(ChecksumPlacement::Trailer);
    Ok(Option::from(algorithm).map(|algorithm| Checksum {
        algorithm,
        placement,
    }))
}
