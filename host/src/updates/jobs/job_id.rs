//! Names of jobs.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::Deserialize;

/// The id of a job: 1 to 64 of `a-z A-Z 0-9 _ -` (`UpdateJobExecution`, AWS IoT API reference).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct JobId(String);

impl JobId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = JobIdError;

    fn from_str(text: &str) -> Result<Self, JobIdError> {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(usual) {
            Ok(Self(text.to_owned()))
        } else {
            Err(JobIdError)
        }
    }
}

impl TryFrom<String> for JobId {
    type Error = JobIdError;

    fn try_from(text: String) -> Result<Self, JobIdError> {
        text.parse()
    }
}

impl Display for JobId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not the id of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job's id has 1 to 64 of a-z A-Z 0-9 _ -")]
pub struct JobIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_leave_its_path_segment_is_refused() {
        for text in ["", "$next", "../jobs", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(text.parse::<JobId>(), Err(JobIdError), "{text}");
        }
        assert!("x".repeat(64).parse::<JobId>().is_ok());
        assert!("Update_2026-11".parse::<JobId>().is_ok());
    }
}
