//! The values in a fault's text, and what can be wrong with them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::kind::FaultKind;
use crate::operation::{Operation, ParseOperationError};

/// Text that is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFaultError {
    /// There is no colon.
    #[error(
        "`{0}` is not a fault: write OPERATION:KIND, such as `UploadPart:status=503,p=0.1` or `*:reset`"
    )]
    Shape(String),
    /// Before the colon is neither `*` nor an operation.
    #[error(transparent)]
    Operation(#[from] ParseOperationError),
    /// No fault has this name.
    #[error("`{0}` is not a kind of fault: use one of {kinds}", kinds = FaultKind::ALL.map(FaultKind::name).join(", "))]
    Kind(String),
    /// The operation cannot have this fault.
    #[error("{operation} cannot have the fault `{kind}`: it is for {only}")]
    Unfit {
        /// The operation.
        operation: Operation,
        /// The fault's name.
        kind: &'static str,
        /// What it is for.
        only: &'static str,
    },
    /// A kind or option is not what it should be, or its value is missing.
    #[error("`{name}={value}` is not understood: `{name}` takes {expected}")]
    Value {
        /// The kind's or option's name.
        name: &'static str,
        /// What was given; nothing if it was missing.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// No option of this kind has this name.
    #[error(
        "`{option}` is not an option of `{kind}`, or is given twice: see the table in docs/local-cloud.md"
    )]
    Option {
        /// The option's name.
        option: String,
        /// The fault's name.
        kind: &'static str,
    },
    /// A storm has one of its two lengths, or lasts longer than its period.
    #[error(
        "a storm takes two lengths, such as `for=2,each=10`, the first not longer than the second"
    )]
    Storm,
}

/// The options of a fault that nobody has asked for yet.
#[derive(Debug)]
pub(super) struct Options<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Options<'a> {
    pub(super) fn of(texts: impl Iterator<Item = &'a str>) -> Self {
        Self(
            texts
                .map(|text| text.split_once('=').unwrap_or((text, "")))
                .collect(),
        )
    }

    /// The value of an option, if it is there.
    pub(super) fn take<T: Value>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, ParseFaultError> {
        let Some(at) = self.0.iter().position(|(other, _)| *other == name) else {
            return Ok(None);
        };
        let (_, text) = self.0.remove(at);
        T::parse(name, text).map(Some)
    }

    /// Nothing may be left when every known option was asked for.
    pub(super) fn finish(self, kind: &'static str) -> Result<(), ParseFaultError> {
        match self.0.first() {
            None => Ok(()),
            Some((option, _)) => Err(ParseFaultError::Option {
                option: (*option).to_owned(),
                kind,
            }),
        }
    }
}

/// What can be written behind `=`.
pub(super) trait Value: Sized {
    const EXPECTED: &'static str;

    fn read(text: &str) -> Option<Self>;

    fn parse(name: &'static str, text: &str) -> Result<Self, ParseFaultError> {
        Self::read(text).ok_or_else(|| ParseFaultError::Value {
            name,
            value: text.to_owned(),
            expected: Self::EXPECTED,
        })
    }
}

impl Value for u64 {
    const EXPECTED: &'static str = "a whole number";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for std::num::NonZeroU64 {
    const EXPECTED: &'static str = "a whole number from 1 on";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A number of bytes, written `1048576` or `1MiB`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) u64);

impl Value for Bytes {
    const EXPECTED: &'static str = "a number of bytes, such as 65536, 64KiB or 1MiB";

    fn read(text: &str) -> Option<Self> {
        let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
        let unit = units
            .into_iter()
            .find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, bytes)));
        let (number, bytes) = unit.unwrap_or((text, 1));
        number.parse::<u64>().ok()?.checked_mul(bytes).map(Self)
    }
}

/// A length of time up to an hour, written `2`, `2s` or `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    milliseconds: u32,
}

impl Time {
    const MAX_MILLISECONDS: u32 = 60 * 60 * 1000;

    pub(super) fn get(self) -> Duration {
        Duration::from_millis(self.milliseconds.into())
    }
}

impl Value for Time {
    const EXPECTED: &'static str = "a time of at most an hour, such as 2, 2s or 500ms";

    fn read(text: &str) -> Option<Self> {
        let (number, unit) = match text.strip_suffix("ms") {
            Some(number) => (number, 1),
            None => (text.strip_suffix('s').unwrap_or(text), 1000),
        };
        let milliseconds = number.parse::<u32>().ok()?.checked_mul(unit)?;
        (milliseconds <= Self::MAX_MILLISECONDS).then_some(Self { milliseconds })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.milliseconds {
            whole if whole % 1000 == 0 => write!(f, "{}", whole / 1000),
            odd => write!(f, "{odd}ms"),
        }
    }
}

/// A probability, in steps of a millionth so that its text is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Probability {
    millionths: u32,
}

impl Probability {
    const MILLION: u32 = 1_000_000;
    pub(super) const CERTAIN: Self = Self {
        millionths: Self::MILLION,
    };

    /// Whether a number drawn evenly from all of `u64` means yes.
    pub(super) fn says_yes(self, drawn: u64) -> bool {
        // The bias of the remainder is below 10⁻¹³.
        drawn % u64::from(Self::MILLION) < u64::from(self.millionths)
    }
}

impl Value for Probability {
    const EXPECTED: &'static str =
        "a probability from 0 to 1 with at most six decimals, such as 0.1";

    fn read(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() != 1 || decimals.len() > 6 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let millionths = format!("{whole}{decimals:0<6}").parse().ok()?;
        (millionths <= Self::MILLION).then_some(Self { millionths })
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.millionths == Self::MILLION {
            return f.write_str("1");
        }
        let decimals = format!("{:06}", self.millionths);
        match decimals.trim_end_matches('0') {
            "" => f.write_str("0"),
            decimals => write!(f, "0.{decimals}"),
        }
    }
}

/// The status of an answer that is no success: 300 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(http::StatusCode);

impl Status {
    pub(super) fn get(self) -> http::StatusCode {
        self.0
    }
}

impl Value for Status {
    const EXPECTED: &'static str = "an HTTP status from 300 to 599";

    fn read(text: &str) -> Option<Self> {
        let status = http::StatusCode::from_str(text).ok()?;
        matches!(status.as_u16(), 300..=599).then_some(Self(status))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_u16())
    }
}

/// An error code such as `SlowDown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Code(String);

impl Code {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for Code {
    const EXPECTED: &'static str = "an error code of letters, digits and dots, such as SlowDown";

    fn read(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.';
        let well_formed = (1..=64).contains(&text.len()) && text.bytes().all(fits);
        well_formed.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Seconds of a clock's error; negative when it is behind.
impl Value for crate::ClockOffset {
    const EXPECTED: &'static str = "whole seconds, at most fifty years either way";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}
