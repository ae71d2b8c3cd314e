//! How fast bytes may go out.

use std::fmt::{self, Display, Formatter};
use std::num::NonZeroU64;
use std::str::FromStr;

use crate::{ByteSize, ByteSizeError};

/// The slowest rate that can be set: below it, requests die of the servers' own time limits.
const SLOWEST: ByteSize = ByteSize::from_kib(1);

/// The fastest; more is no limit to any link.
const FASTEST: ByteSize = ByteSize::from_mib(1 << 20);

/// A rate, written as the [size](ByteSize) of what goes out in a second, or `none`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RateLimit(Option<NonZeroU64>);

impl RateLimit {
    /// As fast as it goes.
    pub const NONE: Self = Self(None);

    /// The limit, if there is one.
    pub const fn bytes_per_second(self) -> Option<NonZeroU64> {
        self.0
    }
}

impl TryFrom<ByteSize> for RateLimit {
    type Error = RateLimitError;

    fn try_from(size: ByteSize) -> Result<Self, RateLimitError> {
        if (SLOWEST..=FASTEST).contains(&size) {
            Ok(Self(NonZeroU64::new(size.bytes())))
        } else {
            Err(RateLimitError::OutOfRange)
        }
    }
}

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, RateLimitError> {
        match text.trim() {
            "none" => Ok(Self::NONE),
            text => text.parse::<ByteSize>()?.try_into(),
        }
    }
}

impl Display for RateLimit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) => write!(f, "{}", ByteSize::from_bytes(bytes.get())),
            None => f.write_str("none"),
        }
    }
}

/// Not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateLimitError {
    /// It is not a size either.
    #[error("{0} (a rate is a size per second, or `none`)")]
    Size(#[from] ByteSizeError),
    /// It is none that could be kept.
    #[error("a rate is from {SLOWEST} to {FASTEST} per second, or `none`")]
    OutOfRange,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_rate_is_a_size_or_none_and_is_shown_as_it_is_written() {
        for text in ["1KiB", "500KiB", "100MiB", "1TiB", "none"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        assert_eq!("none".parse(), Ok(RateLimit::NONE));
        let rate: RateLimit = "500KiB".parse().unwrap();
        assert_eq!(rate.bytes_per_second(), NonZeroU64::new(512_000));
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let parse = |text: &str| text.parse::<RateLimit>().unwrap_err();
        for text in ["0", "1023", "2TiB"] {
            assert_eq!(parse(text), RateLimitError::OutOfRange, "{text}");
        }
        assert_eq!(
            parse("1MB"),
            RateLimitError::Size(ByteSizeError::Unit("MB".into()))
        );
        assert_eq!(parse(""), RateLimitError::Size(ByteSizeError::NoNumber));
    }
}
