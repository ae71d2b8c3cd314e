//! Several runs of several sides, in turn, and what is typical of each.

use std::time::Duration;

use anyhow::Result;

use crate::peers::Side;
use crate::process::Usage;

/// The runs of one side.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Usage>);

/// The runs of all sides.
#[derive(Debug)]
pub(crate) struct Comparison(Vec<(Side, Samples)>);

impl Samples {
    /// The median time.
    pub(crate) fn wall(&self) -> Duration {
        median(self.0.iter().map(|usage| usage.wall))
    }

    /// The median processor time.
    pub(crate) fn cpu(&self) -> Duration {
        median(self.0.iter().map(|usage| usage.cpu))
    }

    /// The largest resident set of all runs, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.0.iter().map(|usage| usage.peak).max().unwrap_or(0)
    }
}

impl Comparison {
    /// Runs every side once without counting, then all of them in turn, `rounds` times.
    pub(crate) fn run(
        sides: &[Side],
        rounds: usize,
        mut work: impl FnMut(Side) -> Result<Usage>,
    ) -> Result<Self> {
        let mut all: Vec<_> = sides
            .iter()
            .map(|&side| (side, Samples::default()))
            .collect();
        for side in sides {
            work(*side)?;
        }
        for _ in 0..rounds {
            for (side, samples) in &mut all {
                samples.0.push(work(*side)?);
            }
        }
        Ok(Self(all))
    }

    /// The runs of one side; none if it took no part.
    pub(crate) fn of(&self, side: Side) -> &Samples {
        static NONE: Samples = Samples(Vec::new());
        self.0
            .iter()
            .find(|(other, _)| *other == side)
            .map_or(&NONE, |(_, samples)| samples)
    }

    /// The sides with their runs, in the order in which they ran.
    pub(crate) fn sides(&self) -> impl Iterator<Item = (Side, &Samples)> {
        self.0.iter().map(|(side, samples)| (*side, samples))
    }
}

/// The middle one, or the lower one of the two in the middle; zero of none.
pub(crate) fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times
        .get(times.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_median_does_not_see_an_outlier() {
        let of = |times: &[u64]| median(times.iter().copied().map(Duration::from_secs)).as_secs();
        assert_eq!(of(&[3, 900, 1, 2, 4]), 3);
        assert_eq!(of(&[1, 4, 2, 3]), 2);
        assert_eq!(of(&[]), 0);
    }

    #[test]
    fn sides_run_in_turn_and_the_first_round_does_not_count() {
        let mut order = Vec::new();
        let comparison = Comparison::run(&[Side::Curl, Side::Sealift], 2, |side| {
            order.push(side);
            Ok(Usage {
                peak: order.len() as u64,
                ..Usage::default()
            })
        });
        assert_eq!(comparison.unwrap().of(Side::Curl).peak(), 5);
        assert_eq!(order, [Side::Curl, Side::Sealift].repeat(3));
    }
}
