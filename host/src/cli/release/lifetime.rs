//! For how long what a role signs counts, as people write it.

use std::str::FromStr;
use std::time::Duration;

use sealift_release::Role;
use sealift_release::publish::{Lifetimes, UnknownRole};

/// `ROLE=DURATION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    role: Role,
    duration: Duration,
}

/// Not a lifetime.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum LifetimeError {
    #[error("write ROLE=DURATION, such as timestamp=14days")]
    Form,
    #[error(transparent)]
    Role(#[from] UnknownRole),
    #[error("a duration is written like 14days or 36h")]
    Duration(#[from] humantime::DurationError),
    #[error("a lifetime is from a second to 30 years")]
    Bounds,
}

/// Longer than any key should be in use.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 30);

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Self, LifetimeError> {
        let (role, duration) = text.split_once('=').ok_or(LifetimeError::Form)?;
        let duration = humantime::parse_duration(duration)?;
        if !(Duration::from_secs(1)..=LONGEST).contains(&duration) {
            return Err(LifetimeError::Bounds);
        }
        let role = role.parse()?;
        Ok(Self { role, duration })
    }
}

impl Lifetime {
    /// Those of all roles; what is not said is as in `usual`.
    pub(super) fn all(said: &[Self], usual: Lifetimes) -> Lifetimes {
        said.iter().fold(usual, |mut lifetimes, said| {
            let of_role = match said.role {
                Role::Root => &mut lifetimes.root,
                Role::Targets => &mut lifetimes.targets,
                Role::Snapshot => &mut lifetimes.snapshot,
                Role::Timestamp => &mut lifetimes.timestamp,
            };
            *of_role = said.duration;
            lifetimes
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_that_of_one_role_and_within_reason() {
        let days = |days: u64| Duration::from_hours(24 * days);
        let said: Vec<Lifetime> = ["timestamp=30days", "root=2years"]
            .iter()
            .filter_map(|text| text.parse().ok())
            .collect();
        let lifetimes = Lifetime::all(&said, Lifetimes::default());
        assert_eq!(lifetimes.timestamp, days(30));
        assert!(lifetimes.root > days(700));
        assert_eq!(lifetimes.snapshot, Lifetimes::default().snapshot);
        let error = |text: &str| text.parse::<Lifetime>().err();
        assert_eq!(error("14days"), Some(LifetimeError::Form));
        assert_eq!(error("roots=1day"), Some(LifetimeError::Role(UnknownRole)));
        assert_eq!(error("root=0s"), Some(LifetimeError::Bounds));
        assert_eq!(error("root=31years"), Some(LifetimeError::Bounds));
        assert!(matches!(error("root=x"), Some(LifetimeError::Duration(_))));
    }
}
