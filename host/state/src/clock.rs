//! The time by AWS's clock.
//!
//! Signatures are refused when their time is more than 15 minutes off, credentials end by AWS's
//! clock, and gateways have clocks without a battery. So the clock is corrected by the `Date` of
//! answers that TLS authenticates; the rule is [`Skew::seen`].

mod skew;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use skew::{Sighting, Skew};

use crate::directory;

/// What is kept may be this far from what is in force, so that a drifting clock does not wear out
/// flash memory.
const KEPT_WITHIN_SECONDS: u64 = 60;

/// No file of ours is longer, in bytes.
const LARGEST_FILE: u64 = 4096;

/// This device's clock and how far it is off, as far as that is known.
#[derive(Debug)]
pub struct Clock {
    /// None where nothing can be kept.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    skew: Skew,
    /// What the file says.
    kept: Skew,
    /// Whether an answer has told the time in this process.
    told: bool,
}

#[derive(Serialize, Deserialize)]
struct File {
    /// How far this device's clock is behind AWS's; negative if it is ahead.
    behind_seconds: i64,
}

/// The correction has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// What was in force.
    pub before: Skew,
    /// What is in force.
    pub now: Skew,
}

/// The correction cannot be kept; it holds until the process ends.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep the clock's correction in {}", path.display())]
pub struct ClockError {
    path: PathBuf,
    source: io::Error,
}

impl Clock {
    /// A clock whose correction ends with the process.
    pub fn unkept() -> Self {
        Self {
            path: None,
            state: Mutex::default(),
        }
    }

    /// The clock with the correction in a file; without one if there is no file or it is damaged, for
    /// the next answer tells it again.
    pub(crate) fn kept_in(path: PathBuf) -> Self {
        let kept = read(&path).unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %path.display(), %error, "the clock's correction is not readable; it will be measured again");
            }
            Skew::default()
        });
        Self {
            path: Some(path),
            state: Mutex::new(State {
                skew: kept,
                kept,
                told: false,
            }),
        }
    }

    /// The time by AWS's clock, as far as it is known.
    pub fn now(&self) -> SystemTime {
        self.skew().correct(SystemTime::now())
    }

    /// The correction in force; zero without one.
    pub fn skew(&self) -> Skew {
        self.state().skew
    }

    /// Whether the time is what an authenticated answer told this process. What an earlier one was told may be long
    /// over where the clock stands still without power.
    pub fn is_authentic(&self) -> bool {
        self.state().told
    }

    /// Learns from an answer. If that changes the correction, the answer says so.
    pub fn observe(&self, sighting: &Sighting<'_>) -> Option<Change> {
        let mut state = self.state();
        let before = state.skew;
        let now = before.seen(sighting);
        state.skew = now;
        state.told |= Skew::measured(sighting).is_some();
        (before != now).then_some(Change { before, now })
    }

    /// Keeps the correction for the next process, if it is more than a minute from what is kept.
    /// Blocks when it writes.
    pub fn keep(&self) -> Result<(), ClockError> {
        let (skew, kept) = {
            let state = self.state();
            (state.skew, state.kept)
        };
        let Some(path) = &self.path else {
            return Ok(());
        };
        if kept.distance(skew).as_secs() <= KEPT_WITHIN_SECONDS
            && (skew.is_zero() == kept.is_zero())
        {
            return Ok(());
        }
        let file = File {
            behind_seconds: skew.behind_seconds(),
        };
        serde_json::to_vec(&file)
            .map_err(io::Error::from)
            .and_then(|text| directory::replace(path, &text))
            .map_err(|source| ClockError {
                path: path.clone(),
                source,
            })?;
        self.state().kept = skew;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state is whole after each assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> io::Result<Skew> {
    if fs::metadata(path)?.len() > LARGEST_FILE {
        return Err(io::Error::other("it is too long"));
    }
    let file: File = serde_json::from_slice(&fs::read(path)?)?;
    Ok(Skew::from_behind_seconds(file.behind_seconds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use super::*;

    const HOUR: i64 = 3600;

    /// 2026-01-01, since 1970.
    const DATE: Duration = Duration::from_hours(490_896);

    struct Kept(tempfile::TempDir);

    impl Kept {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self) -> PathBuf {
            self.0.path().join("state/clock.json")
        }

        fn clock(&self) -> Clock {
            Clock::kept_in(self.file())
        }
    }

    /// An answer at the beginning of 2026 to a device whose clock is so far behind.
    fn seen_by(clock: &Clock, behind: i64) -> Option<Change> {
        let date = SystemTime::UNIX_EPOCH + DATE;
        clock.observe(&Sighting {
            date: "Thu, 01 Jan 2026 00:00:00 GMT",
            aged: false,
            round_trip: Duration::ZERO,
            received: Skew::from_behind_seconds(-behind).correct(date),
        })
    }

    #[test]
    fn the_next_process_starts_with_the_correction() {
        let kept = Kept::new();
        let clock = kept.clock();
        assert!(seen_by(&clock, 2 * HOUR).is_some());
        clock.keep().unwrap();
        assert_eq!(kept.clock().skew().behind_seconds(), 2 * HOUR);
        let ahead = kept
            .clock()
            .now()
            .duration_since(SystemTime::now())
            .unwrap();
        assert!(
            ahead.abs_diff(Duration::from_hours(2)) < Duration::from_mins(5),
            "{ahead:?}"
        );
    }

    #[test]
    fn a_clock_that_was_set_right_is_noticed_and_kept() {
        let kept = Kept::new();
        let clock = kept.clock();
        seen_by(&clock, -2 * HOUR);
        clock.keep().unwrap();
        let change = seen_by(&clock, 1).unwrap();
        assert_eq!(change.before.behind_seconds(), -2 * HOUR);
        assert!(change.now.is_zero());
        clock.keep().unwrap();
        assert!(kept.clock().skew().is_zero());
    }

    #[test]
    fn a_right_clock_and_small_changes_are_not_written() {
        let kept = Kept::new();
        let clock = kept.clock();
        assert_eq!(seen_by(&clock, 100), None);
        clock.keep().unwrap();
        assert!(!kept.file().exists());
        seen_by(&clock, HOUR);
        clock.keep().unwrap();
        let written = fs::metadata(kept.file()).unwrap();
        seen_by(&clock, HOUR + 59);
        clock.keep().unwrap();
        let same = |a: &fs::Metadata, b: &fs::Metadata| {
            use std::os::unix::fs::MetadataExt;
            a.ino() == b.ino()
        };
        assert!(same(&written, &fs::metadata(kept.file()).unwrap()));
    }

    #[test]
    fn a_damaged_file_is_no_correction_and_is_written_over() {
        for damage in ["", "{}", "7200", r#"{"behind_seconds":"x"}"#] {
            let kept = Kept::new();
            fs::create_dir(kept.file().parent().unwrap()).unwrap();
            fs::write(kept.file(), damage).unwrap();
            let clock = kept.clock();
            assert!(clock.skew().is_zero(), "{damage}");
            seen_by(&clock, HOUR);
            clock.keep().unwrap();
            assert_eq!(kept.clock().skew().behind_seconds(), HOUR);
        }
    }

    #[test]
    fn absurd_corrections_do_not_stop_the_clock() {
        let kept = Kept::new();
        fs::create_dir(kept.file().parent().unwrap()).unwrap();
        for extreme in [i64::MIN, i64::MAX] {
            fs::write(kept.file(), format!(r#"{{"behind_seconds":{extreme}}}"#)).unwrap();
            let _ = kept.clock().now();
            assert!(seen_by(&kept.clock(), HOUR).is_some());
        }
    }
}
