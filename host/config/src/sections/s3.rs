//! `[s3]`: where objects go.

use super::CredentialProvider;
use crate::section::Section;
use crate::value::{OrNone, Value};
use crate::{ByteSize, Error, Origin, Region, S3HostKind, S3Hosts};

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
    /// Which of AWS's hosts are used; without meaning beside an `endpoint`.
    pub hosts: HostChoice,
    /// Whether a bucket in another region than `region` is looked for there; default:
    /// true.
    pub follow_region: bool,
    /// The checksum that S3 verifies. None: no checksum but the signature's.
    pub checksum: Option<Checksum>,
    /// The storage class of objects. None: the bucket's own default.
    pub storage_class: Option<StorageClass>,
    /// How objects are cut into parts.
    pub parts: Parts,
}

/// Which of AWS's hosts of S3 are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostChoice {
    /// Those that have IPv6 addresses too; default: false.
    pub dual_stack: bool,
    /// Of which kind; default: those of the region.
    pub kind: S3HostKind,
}

/// How objects are cut into parts. None: as the component does by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Objects of this size and more are uploaded in parts; at most 5 GiB.
    pub threshold: Option<ByteSize>,
    /// How large parts are, unless more than 10 000 were needed; 5 MiB–5 GiB.
    pub size: Option<ByteSize>,
    /// How many parts are under way at once; 1–64.
    pub concurrency: Option<u32>,
}

name! {
    /// A storage class. S3-compatible stores have classes of their own, so
    /// anything is taken that has the form of one.
    StorageClass, "a storage class", 64 of "a-z A-Z 0-9 - _",
    |c| c.is_ascii_alphanumeric() || "-_".contains(c)
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
        let hosts = HostChoice::read(&mut section, endpoint.as_ref(), addressing)?;
        let follow_region = section.optional("follow_region", Value::switch)?;
        let checksum = checksum(&mut section)?;
        let storage_class = section.optional("storage_class", Value::parse)?;
        let parts = Parts::read(&mut section)?;
        let region = section
            .optional("region", Value::parse)?
            .or_else(|| credentials.region());
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
            hosts,
            follow_region: follow_region.unwrap_or(true),
            checksum,
            storage_class,
            parts,
        }))
    }

    /// AWS's hosts of these buckets; none beside an `endpoint`.
    pub fn aws_hosts(&self) -> Option<S3Hosts> {
        let HostChoice { dual_stack, kind } = self.hosts;
        let hosts = S3Hosts {
            region: self.region.clone(),
            any_region: self.follow_region,
            dual_stack,
            kind,
        };
        self.endpoint.is_none().then_some(hosts)
    }
}

impl HostChoice {
    /// Complains where AWS has no such hosts.
    fn read(
        section: &mut Section<'_>,
        endpoint: Option<&Origin>,
        addressing: Option<Addressing>,
    ) -> Result<Self, Error> {
        let own = endpoint.map(|_| "s3.endpoint is not one of AWS's hosts");
        let dual_stack = section.optional("dual_stack", |value| value.switch_unless(own))?;
        let fips = section.optional("fips", |value| value.switch_unless(own))?;
        let by_path = (addressing == Some(Addressing::Path))
            .then_some("accelerated hosts are not addressed by path");
        let fips_too = (fips == Some(true)).then_some("accelerated hosts are not FIPS ones");
        let obstacle = own.or(by_path).or(fips_too);
        let accelerate = section.optional("accelerate", |value| value.switch_unless(obstacle))?;
        let kind = match (fips, accelerate) {
            (_, Some(true)) => S3HostKind::Accelerate,
            (Some(true), _) => S3HostKind::Fips,
            _ => S3HostKind::Regional,
        };
        Ok(Self {
            dual_stack: dual_stack.unwrap_or(false),
            kind,
        })
    }
}

impl Parts {
    fn read(section: &mut Section<'_>) -> Result<Self, Error> {
        let most = ByteSize::from_mib(5 * 1024);
        let threshold = ByteSize::from_bytes(0)..=most;
        let size = ByteSize::from_mib(5)..=most;
        Ok(Self {
            threshold: section.optional("multipart_threshold", |value| value.size(&threshold))?,
            size: section.optional("part_size", |value| value.size(&size))?,
            concurrency: section.optional("concurrency", |value| value.count(&(1..=64)))?,
        })
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
