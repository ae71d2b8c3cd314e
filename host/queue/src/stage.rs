//! How far a job is.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use crate::{Owner, Receipt};

/// How far a job is, and what there is to know about that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for its turn.
    Waiting {
        /// Not to be claimed before this time, by the wall clock; none if it is due.
        not_before: Option<SystemTime>,
    },
    /// It is under way.
    Running {
        /// Who has it.
        owner: Owner,
        /// Whether somebody asked for its end meanwhile.
        cancelling: bool,
    },
    /// The host saw the object confirmed; what is to become of the source has not yet.
    Uploaded {
        /// What the store said.
        receipt: Receipt,
    },
    /// All is done.
    Done {
        /// What the store said.
        receipt: Receipt,
        /// When.
        finished: SystemTime,
    },
    /// It needs a person.
    Failed {
        /// When.
        finished: SystemTime,
    },
    /// Somebody called it off.
    Cancelled {
        /// When.
        finished: SystemTime,
    },
}

/// The kinds of [`Stage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It waits for its turn.
    Waiting,
    /// It is under way.
    Running,
    /// The object is there; the source has not been dealt with.
    Uploaded,
    /// All is done.
    Done,
    /// It needs a person.
    Failed,
    /// Somebody called it off.
    Cancelled,
}

impl Stage {
    /// Which kind it is.
    pub fn state(&self) -> State {
        match self {
            Self::Waiting { .. } => State::Waiting,
            Self::Running { .. } => State::Running,
            Self::Uploaded { .. } => State::Uploaded,
            Self::Done { .. } => State::Done,
            Self::Failed { .. } => State::Failed,
            Self::Cancelled { .. } => State::Cancelled,
        }
    }

    /// When it ended, if it has.
    pub fn finished(&self) -> Option<SystemTime> {
        match self {
            Self::Done { finished, .. }
            | Self::Failed { finished }
            | Self::Cancelled { finished } => Some(*finished),
            Self::Waiting { .. } | Self::Running { .. } | Self::Uploaded { .. } => None,
        }
    }
}

impl State {
    /// All of them, in the order of a job's life.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Running,
        Self::Uploaded,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether nothing more happens by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// The word that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Uploaded => "uploaded",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The number that stands for it in the database. It is part of the schema.
    pub(crate) const fn code(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Running => 1,
            Self::Uploaded => 2,
            Self::Done => 3,
            Self::Failed => 4,
            Self::Cancelled => 5,
        }
    }

    pub(crate) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no [`State`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is none of waiting, running, uploaded, done, failed, cancelled", .0.escape_debug())]
pub struct UnknownState(String);

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_word_and_a_number_of_its_own() {
        for (number, state) in (0..).zip(State::ALL) {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(state.code(), number);
            assert_eq!(State::from_code(number), Some(state));
        }
        assert_eq!(State::from_code(6), None);
        assert_eq!("Done".parse::<State>(), Err(UnknownState("Done".into())));
    }
}
