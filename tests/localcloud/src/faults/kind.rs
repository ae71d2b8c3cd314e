//! What can go wrong.

use std::fmt;

use http::StatusCode;

use super::values::{Bytes, Code, Options, ParseFaultError, Status, Time, Value as _};
use crate::operation::Operation;
use crate::settings::ClockOffset;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Refused with an error; nothing is carried out.
    Status(ErrorAnswer),
    /// The connection is reset after so many bytes of the body; nothing is carried out.
    Reset(Bytes),
    /// Silence after so many bytes of the body, then the end of the connection; nothing is carried out.
    Stall { time: Time, bytes: Bytes },
    /// Carried out, answered late.
    Slow(Time),
    /// Carried out, the answer breaks off in the middle.
    Truncate,
    /// Answered 200, with an error in the body; nothing is carried out.
    ErrorIn200 { code: Option<Code> },
    /// Refused, and the credentials stay dead.
    ExpiredToken,
    /// Carried out, and the connection ends before the answer.
    Lost,
    /// Carried out, answered with an error.
    LateError(ErrorAnswer),
    /// Carried out, answered with an error the first time and 200 when repeated.
    Repeat,
    /// Carried out, answered with checksums and an entity tag that are wrong.
    Corrupt,
    /// Carried out, answered with a `Date` that is wrong.
    Skew(ClockOffset),
}

/// What an error answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorAnswer {
    pub(super) status: Status,
    pub(super) code: Option<Code>,
    /// In seconds.
    pub(super) retry_after: Option<u64>,
}

/// An error to be told in the words of a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem<'a> {
    pub(crate) status: StatusCode,
    /// What the service says with this status, unless given.
    pub(crate) code: Option<&'a str>,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Problem<'static> {
    pub(super) const INTERNAL: Self = Self {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: None,
        retry_after: None,
    };
    pub(super) const EXPIRED_TOKEN: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: Some("ExpiredToken"),
        retry_after: None,
    };
}

macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// What can go wrong with a request, without its details.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FaultKind {
            $($(#[$about])* $name),+
        }

        impl FaultKind {
            /// Every kind.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$name),+];

            /// What it is called in the text of a [`Fault`](crate::Fault).
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

kinds! {
    /// Refused with an error.
    Status = "status",
    /// The connection is reset.
    Reset = "reset",
    /// Silence, then the end of the connection.
    Stall = "stall",
    /// Carried out, answered late.
    Slow = "slow",
    /// Carried out, the answer breaks off.
    Truncate = "truncate",
    /// Answered 200, with an error in the body.
    ErrorIn200 = "error-in-200",
    /// Refused, and the credentials stay dead.
    ExpiredToken = "expired-token",
    /// Carried out, and the connection ends before the answer.
    Lost = "lost",
    /// Carried out, answered with an error.
    LateError = "late-error",
    /// Carried out, answered with an error the first time and 200 when repeated.
    Repeat = "repeat",
    /// Carried out, answered with checksums that are wrong.
    Corrupt = "corrupt",
    /// Carried out, answered with a `Date` that is wrong.
    Skew = "skew",
}

impl FaultKind {
    /// Whether a request for this operation can meet this kind of fault.
    pub fn fits(self, operation: Operation) -> bool {
        match self {
            Self::Repeat => operation == Operation::CompleteMultipartUpload,
            Self::ErrorIn200 | Self::ExpiredToken | Self::Corrupt => operation.is_s3(),
            _ => true,
        }
    }
}

impl Kind {
    /// Reads `NAME` or `NAME=VALUE`, and takes the options that are its own.
    pub(super) fn parse(text: &str, options: &mut Options<'_>) -> Result<Self, ParseFaultError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let given = value.unwrap_or_default();
        let kind = match name {
            "status" => Self::Status(ErrorAnswer::parse("status", given, options)?),
            "late-error" => Self::LateError(ErrorAnswer::parse("late-error", given, options)?),
            "reset" => Self::Reset(match value {
                None => Bytes::default(),
                Some(given) => Bytes::parse("reset", given)?,
            }),
            "stall" => Self::Stall {
                time: Time::parse("stall", given)?,
                bytes: options.take("bytes")?.unwrap_or_default(),
            },
            "slow" => Self::Slow(Time::parse("slow", given)?),
            "skew" => Self::Skew(ClockOffset::parse("skew", given)?),
            "error-in-200" => Self::ErrorIn200 {
                code: options.take("code")?,
            },
            "truncate" => Self::Truncate,
            "expired-token" => Self::ExpiredToken,
            "lost" => Self::Lost,
            "repeat" => Self::Repeat,
            "corrupt" => Self::Corrupt,
            _ => return Err(ParseFaultError::Kind(name.to_owned())),
        };
        match value {
            Some(value) if !kind.takes_value() => Err(ParseFaultError::Value {
                name: kind.name(),
                value: value.to_owned(),
                expected: "no value",
            }),
            _ => Ok(kind),
        }
    }

    pub(super) fn kind(&self) -> FaultKind {
        match self {
            Self::Status(_) => FaultKind::Status,
            Self::Reset(_) => FaultKind::Reset,
            Self::Stall { .. } => FaultKind::Stall,
            Self::Slow(_) => FaultKind::Slow,
            Self::Truncate => FaultKind::Truncate,
            Self::ErrorIn200 { .. } => FaultKind::ErrorIn200,
            Self::ExpiredToken => FaultKind::ExpiredToken,
            Self::Lost => FaultKind::Lost,
            Self::LateError(_) => FaultKind::LateError,
            Self::Repeat => FaultKind::Repeat,
            Self::Corrupt => FaultKind::Corrupt,
            Self::Skew(_) => FaultKind::Skew,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Whether a request for this operation can meet this fault.
    pub(super) fn fits(&self, operation: Operation) -> bool {
        self.kind().fits(operation)
    }

    /// What [`fits`](Self::fits) lets through, in words.
    pub(super) fn only(&self) -> &'static str {
        match self {
            Self::Repeat => "CompleteMultipartUpload",
            _ => "operations of S3",
        }
    }

    fn takes_value(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::LateError(_)
                | Self::Reset(_)
                | Self::Stall { .. }
                | Self::Slow(_)
                | Self::Skew(_)
        )
    }
}

impl ErrorAnswer {
    fn parse(
        name: &'static str,
        text: &str,
        options: &mut Options<'_>,
    ) -> Result<Self, ParseFaultError> {
        Ok(Self {
            status: Status::parse(name, text)?,
            code: options.take("code")?,
            retry_after: options.take("retry-after")?,
        })
    }

    pub(super) fn problem(&self) -> Problem<'_> {
        Problem {
            status: self.status.get(),
            code: self.code.as_ref().map(Code::as_str),
            retry_after: self.retry_after,
        }
    }
}

/// The text that [`Kind::parse`] reads, its own options included.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Status(answer) | Self::LateError(answer) => write!(f, "={answer}"),
            Self::Reset(bytes) => write!(f, "={}", bytes.0),
            Self::Stall { time, bytes } if bytes.0 == 0 => write!(f, "={time}"),
            Self::Stall { time, bytes } => write!(f, "={time},bytes={}", bytes.0),
            Self::Slow(time) => write!(f, "={time}"),
            Self::Skew(offset) => write!(f, "={}", offset.as_seconds()),
            Self::ErrorIn200 { code: Some(code) } => write!(f, ",code={code}"),
            Self::ErrorIn200 { code: None }
            | Self::Truncate
            | Self::ExpiredToken
            | Self::Lost
            | Self::Repeat
            | Self::Corrupt => Ok(()),
        }
    }
}

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, ",code={code}")?;
        }
        if let Some(seconds) = self.retry_after {
            write!(f, ",retry-after={seconds}")?;
        }
        Ok(())
    }
}
