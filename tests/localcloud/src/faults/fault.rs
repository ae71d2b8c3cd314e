//! One fault, as it is written on the command line.

use std::fmt;
use std::str::FromStr;

use super::kind::Kind;
use super::schedule::Schedule;
use super::values::{Options, ParseFaultError};
use crate::operation::Operation;

/// One thing that goes wrong on purpose: `OPERATION:KIND[=VALUE][,OPTION=VALUE…]`.
///
/// `docs/local-cloud.md` has the table of kinds and options.
///
/// ```
/// let fault: localcloud::Fault = "UploadPart:status=503,p=0.1,times=20".parse()?;
/// assert_eq!(fault.to_string(), "UploadPart:status=503,p=0.1,times=20");
/// # Ok::<(), localcloud::ParseFaultError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub(super) target: Target,
    pub(super) kind: Kind,
    pub(super) schedule: Schedule,
}

/// The requests that a fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Those of every operation that can have the fault.
    All,
    One(Operation),
}

impl Fault {
    /// Whether a request for this operation is one that the fault is for.
    pub(super) fn concerns(&self, operation: Operation) -> bool {
        match self.target {
            Target::All => self.kind.fits(operation),
            Target::One(one) => one == operation,
        }
    }
}

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (operation, rest) = text
            .split_once(':')
            .ok_or_else(|| ParseFaultError::Shape(text.to_owned()))?;
        let mut texts = rest.split(',');
        let kind = texts.next().unwrap_or_default();
        let mut options = Options::of(texts);
        let kind = Kind::parse(kind, &mut options)?;
        let schedule = Schedule::parse(&mut options)?;
        options.finish(kind.name())?;
        let target = match operation {
            "*" => Target::All,
            name => Target::One(name.parse()?),
        };
        match target {
            Target::One(operation) if !kind.fits(operation) => Err(ParseFaultError::Unfit {
                operation,
                kind: kind.name(),
                only: kind.only(),
            }),
            _ => Ok(Self {
                target,
                kind,
                schedule,
            }),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target {
            Target::All => f.write_str("*")?,
            Target::One(operation) => write!(f, "{operation}")?,
        }
        write!(f, ":{}{}", self.kind, self.schedule)
    }
}

#[cfg(test)]
mod tests;
