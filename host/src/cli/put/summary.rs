//! All results in one line.

use std::fmt;
use std::time::Duration;

use indicatif::{BinaryBytes, HumanDuration};

/// How many of what.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// What the call was about.
    pub(super) planned: usize,
    pub(super) stored: usize,
    pub(super) already_there: usize,
    /// Would be made, without `--dry-run`.
    pub(super) dry: usize,
    pub(super) failed: usize,
    /// Cannot be objects.
    pub(super) left_out: usize,
    /// Of what was stored or would be.
    pub(super) bytes: u64,
}

/// The line.
pub(super) struct Summary {
    pub(super) counts: Counts,
    pub(super) took: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counts, took } = self;
        let bytes = BinaryBytes(counts.bytes);
        if counts.dry > 0 {
            write!(
                f,
                "{} of {} files would be uploaded, {bytes}",
                counts.dry, counts.planned
            )?;
        } else {
            let seconds = took.as_secs_f64();
            write!(
                f,
                "{} of {} files uploaded, {bytes} in {} ({}/s)",
                counts.stored,
                counts.planned,
                Took(*took),
                BinaryBytes(rate(counts.bytes, seconds)),
            )?;
        }
        for (count, what) in [
            (counts.already_there, "already there"),
            (counts.left_out, "left out"),
            (counts.failed, "failed"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// Seconds, and from two minutes on what people say.
struct Took(Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < Duration::from_mins(2) {
            write!(f, "{:.2} s", self.0.as_secs_f64())
        } else {
            HumanDuration(self.0).fmt(f)
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "for people, who read three digits"
)]
fn rate(bytes: u64, seconds: f64) -> u64 {
    (bytes as f64 / seconds.max(f64::EPSILON)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(counts: Counts) -> String {
        let took = Duration::from_millis(2500);
        Summary { counts, took }.to_string()
    }

    #[test]
    fn a_line_tells_files_bytes_time_and_rate() {
        let counts = Counts {
            planned: 12,
            stored: 12,
            bytes: 10 << 20,
            ..Counts::default()
        };
        assert_eq!(
            summary(counts),
            "12 of 12 files uploaded, 10.00 MiB in 2.50 s (4.00 MiB/s)"
        );
    }

    #[test]
    fn what_was_not_uploaded_is_counted_by_its_reason() {
        let counts = Counts {
            planned: 9,
            stored: 2,
            already_there: 3,
            failed: 4,
            left_out: 1,
            ..Counts::default()
        };
        assert_eq!(
            summary(counts),
            "2 of 9 files uploaded, 0 B in 2.50 s (0 B/s), 3 already there, 1 left out, 4 failed"
        );
    }

    #[test]
    fn a_dry_run_has_neither_time_nor_rate() {
        let counts = Counts {
            planned: 2,
            dry: 2,
            bytes: 2048,
            ..Counts::default()
        };
        assert_eq!(summary(counts), "2 of 2 files would be uploaded, 2.00 KiB");
    }
}
