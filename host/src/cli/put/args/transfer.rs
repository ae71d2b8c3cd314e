//! How bytes are moved.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use sealift::sandbox::Options;
use sealift_config::{ByteSize, ByteSizeError, ChecksumPlacement, RateLimit};

use super::dates::Deadline;
use super::misfit::Misfit;
use super::word;

/// How bytes are moved.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Transfer")]
pub(crate) struct Transfer {
    /// How many files are uploaded at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) jobs: u8,

    /// Upload files of this size and more in parts
    #[arg(long, value_name = "SIZE", value_parser = threshold)]
    multipart_threshold: Option<ByteSize>,

    /// How large parts are, 5MiB to 5GiB
    #[arg(long, value_name = "SIZE")]
    part_size: Option<PartSize>,

    /// How many parts of a file are sent at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    concurrency: Option<u8>,

    /// How often a request is tried
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    attempts: Option<u8>,

    /// How long each file may take, such as 90s or 2h
    #[arg(long, value_name = "DURATION")]
    deadline: Option<Deadline>,

    /// The checksum that S3 verifies: crc64nvme, crc32, crc32c, sha1, sha256 or none
    #[arg(
        long,
        value_enum,
        value_name = "ALGORITHM",
        hide_possible_values = true
    )]
    checksum: Option<ChecksumChoice>,

    /// Where it is sent: trailer (behind the bytes) or header (for stores that know no trailers)
    #[arg(long, value_name = "PLACE")]
    checksum_placement: Option<ChecksumPlacement>,

    /// Send at most this much per second, such as 500KiB, or `none` [default: the configuration's]
    #[arg(long, value_name = "RATE")]
    pub(crate) limit_rate: Option<RateLimit>,

    /// When interrupted, delete the parts that S3 holds already instead of leaving them for the
    /// next run to go on with
    #[arg(long)]
    pub(crate) abort: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum ChecksumChoice {
    Crc64Nvme,
    Crc32,
    Crc32c,
    Sha1,
    Sha256,
    None,
}

/// What S3 takes as a part, but for the last one:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PartSize(ByteSize);

const SMALLEST_PART: ByteSize = ByteSize::from_mib(5);
/// Of one part, and of an object that is sent in one request.
const LARGEST: ByteSize = ByteSize::from_mib(5 << 10);

/// Not a size that S3 takes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum SizeError {
    #[error(transparent)]
    Syntax(#[from] ByteSizeError),
    #[error("parts have {SMALLEST_PART} to {LARGEST}")]
    Part,
    #[error("S3 takes at most {LARGEST} in one piece")]
    Threshold,
}

impl Transfer {
    /// What to know about the number of parts at once, where so many requests may be under way.
    pub(crate) fn remark(&self, connections: u32) -> Option<String> {
        let parts = self
            .concurrency
            .filter(|&parts| u32::from(parts) > connections)?;
        Some(format!(
            "--concurrency {parts}: no more than {connections} parts leave at once, of all files together \
             (`network.max_connections`)"
        ))
    }

    pub(super) fn put_into(&self, options: &mut Options) -> Result<(), Misfit> {
        if self.checksum == Some(ChecksumChoice::None) && self.checksum_placement.is_some() {
            return Err(Misfit::NoChecksum);
        }
        let threshold = self.multipart_threshold.map(ByteSize::bytes);
        options.push_some("multipart-threshold", threshold);
        options.push_some(
            "part-size",
            self.part_size.map(|PartSize(size)| size.bytes()),
        );
        options.push_some("concurrency", self.concurrency);
        options.push_some("attempts", self.attempts);
        options.push_some("deadline", self.deadline);
        options.push_some("checksum", self.checksum.as_ref().map(word));
        options.push_some("checksum-placement", self.checksum_placement);
        Ok(())
    }
}

fn threshold(text: &str) -> Result<ByteSize, SizeError> {
    let size: ByteSize = text.parse()?;
    if size > LARGEST {
        return Err(SizeError::Threshold);
    }
    Ok(size)
}

impl FromStr for PartSize {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let size: ByteSize = text.parse()?;
        if !(SMALLEST_PART..=LARGEST).contains(&size) {
            return Err(SizeError::Part);
        }
        Ok(Self(size))
    }
}

impl fmt::Display for PartSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_that_s3_takes() {
        assert_eq!("5MiB".parse(), Ok(PartSize(SMALLEST_PART)));
        assert_eq!("5GiB".parse(), Ok(PartSize(LARGEST)));
        for text in ["5242879", "0", "6GiB"] {
            assert_eq!(text.parse::<PartSize>(), Err(SizeError::Part), "{text}");
        }
        assert_eq!(threshold("0"), Ok(ByteSize::from_bytes(0)));
        assert_eq!(threshold("6GiB"), Err(SizeError::Threshold));
        let unit = SizeError::Syntax(ByteSizeError::Unit("MB".into()));
        assert_eq!(threshold("8MB"), Err(unit));
    }
}
