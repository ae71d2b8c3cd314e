//! How long a file must be left in peace.

use std::time::Duration;

use super::pending::Phase;

/// How long a file must be left in peace before it is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    settle: Duration,
}

impl Patience {
    /// After a file was closed its writer often sets times and modes, which makes another version
    /// of it; and an urgent file shall not wait longer.
    const GRACE: Duration = Duration::from_millis(100);

    /// How many times `settle` a file must be unchanged that somebody has open: a pause is no end.
    /// Not for ever, because a notice of its closing may be lost and some writers never close.
    const OPEN: u32 = 30;

    pub(crate) fn new(settle: Duration) -> Self {
        Self { settle }
    }

    pub(super) fn with(self, phase: Phase) -> Duration {
        match phase {
            Phase::Open => self.settle.saturating_mul(Self::OPEN),
            Phase::Settling(_) => self.settle,
            Phase::Closed => Self::GRACE.min(self.settle),
            Phase::Moved => Duration::ZERO,
        }
    }
}
