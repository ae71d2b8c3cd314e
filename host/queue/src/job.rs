//! A job and its number.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::SystemTime;

use crate::{Failure, Stage, State, Task};

/// The number of a job. A later job has a greater one, and none is given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(i64);

/// What is to be done, and how far that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What is to be done. It does not change.
    pub task: Task,
    /// How far that is.
    pub stage: Stage,
    /// How often it was claimed since it was added or a person had it retried. A crash of the service
    /// counts too, so that a job that kills it does not do so for ever.
    pub attempts: u32,
    /// What went wrong last.
    pub failure: Option<Failure>,
    /// When it was added.
    pub added: SystemTime,
    /// When it was claimed last.
    pub last_attempt: Option<SystemTime>,
    /// Bytes sent in all attempts.
    pub sent: u64,
    /// Whether adding the same work finds this job. One that was overtaken by another is history.
    pub(crate) current: bool,
}

impl Job {
    /// Which kind of stage it is in.
    pub fn state(&self) -> State {
        self.stage.state()
    }
}

impl JobId {
    pub(crate) const fn new(number: i64) -> Self {
        Self(number)
    }

    /// As it is shown.
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
