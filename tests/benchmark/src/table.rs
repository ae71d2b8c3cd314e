//! The results as a table in Markdown, which is readable on a terminal too.

use std::fmt::{self, Display};
use std::time::Duration;

/// One line of the targets, measured.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its name among the targets.
    pub(crate) id: &'static str,
    /// What was done.
    pub(crate) work: String,
    /// What it cost whom.
    pub(crate) figures: Vec<String>,
    /// How that compares with what was promised.
    pub(crate) checks: Vec<Check>,
}

/// A promise, and whether it holds.
#[derive(Debug)]
pub(crate) struct Check {
    ratio: String,
    target: String,
    met: bool,
}

impl Check {
    /// `ours` should be at most `limit` times `theirs`.
    pub(crate) fn times(ours: Duration, limit: f64, theirs: Duration, whose: &str) -> Self {
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        Self {
            ratio: format!("{ratio:.2} × {whose}"),
            target: format!("≤ {limit:.2}"),
            met: ratio <= limit,
        }
    }

    /// `ours` should be at most `limit`; `what` says which time it is.
    pub(crate) fn within(ours: Duration, limit: Duration, what: &str) -> Self {
        Self {
            ratio: format!("{} {what}", time(ours)),
            target: format!("≤ {}", time(limit)),
            met: ours <= limit,
        }
    }

    /// `part` should be at most `limit` per cent of `whole`.
    pub(crate) fn per_cent(part: Duration, limit: f64, whole: Duration, what: &str) -> Self {
        let share = part.as_secs_f64() / whole.as_secs_f64() * 100.0;
        Self {
            ratio: format!("{share:.3} % {what}"),
            target: format!("≤ {limit:.3} %"),
            met: share <= limit,
        }
    }

    /// `value` should be at most `limit`; `show` says it in units.
    pub(crate) fn at_most(value: u64, limit: u64, show: impl Fn(u64) -> String) -> Self {
        Self {
            ratio: show(value),
            target: format!("≤ {}", show(limit)),
            met: value <= limit,
        }
    }
}

/// Rows under their headings.
#[derive(Debug)]
pub(crate) struct Table(pub(crate) Vec<Row>);

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| id | work | figures | measured | target | met |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for row in &self.0 {
            for (number, check) in row.checks.iter().enumerate() {
                let Check { ratio, target, met } = check;
                let met = if *met { "yes" } else { "**no**" };
                let (id, work, figures) = match number {
                    0 => (row.id, row.work.as_str(), row.figures.join(", ")),
                    _ => ("", "", String::new()),
                };
                writeln!(
                    f,
                    "| {id} | {work} | {figures} | {ratio} | {target} | {met} |"
                )?;
            }
        }
        Ok(())
    }
}

/// A time in the unit that suits it.
pub(crate) fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.1 => format!("{:.1} ms", seconds * 1e3),
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

/// Bytes in MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_met_up_to_its_limit_and_not_beyond() {
        let second = Duration::from_secs(1);
        assert!(Check::times(second * 4, 0.8, second * 5, "theirs").met);
        assert!(!Check::times(second * 81, 0.8, second * 100, "theirs").met);
        assert!(Check::within(second, second, "").met);
        assert!(!Check::within(second * 2, second, "").met);
        assert!(Check::per_cent(second, 1.0, second * 100, "").met);
        assert!(!Check::per_cent(second, 1.0, second * 99, "").met);
        assert!(Check::at_most(10, 10, |bytes| bytes.to_string()).met);
        assert!(!Check::at_most(11, 10, |bytes| bytes.to_string()).met);
    }

    #[test]
    fn work_and_figures_are_told_once() {
        let row = Row {
            id: "P1",
            work: "work".into(),
            figures: vec!["a 1".into(), "b 2".into()],
            checks: vec![
                Check::at_most(1, 2, |n| n.to_string()),
                Check::at_most(3, 2, |n| n.to_string()),
            ],
        };
        let table = Table(vec![row]).to_string();
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| P1 | work | a 1, b 2 | 1 | ≤ 2 | yes |",
                "|  |  |  | 3 | ≤ 2 | **no** |"
            ]
        );
    }

    #[test]
    fn figures_have_units_that_suit_them() {
        assert_eq!(time(Duration::from_micros(12_345)), "12.3 ms");
        assert_eq!(time(Duration::from_millis(345)), "345 ms");
        assert_eq!(time(Duration::from_millis(1345)), "1.34 s");
        assert_eq!(mebibytes(24 << 20), "24.0 MiB");
        assert_eq!(mebibytes((1 << 20) / 2), "0.5 MiB");
    }
}
