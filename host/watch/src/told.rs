//! Troubles, each told once.

use std::collections::BTreeSet;
use std::fmt::Display;

use sealift_config::RuleName;

/// What can be wrong with a folder for a long time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// It cannot be opened.
    Missing,
    /// The kernel gives no notice of changes in it, or in one of its directories.
    Unnoticed,
    /// A directory or file in it cannot be looked at.
    Unreadable,
    /// Waiting for something to happen fails.
    Sleepless,
}

/// Which troubles were told already.
#[derive(Debug)]
pub(crate) struct Told {
    rule: RuleName,
    troubles: BTreeSet<Trouble>,
}

impl Told {
    pub(crate) fn new(rule: RuleName) -> Self {
        Self {
            rule,
            troubles: BTreeSet::new(),
        }
    }

    /// Tells a trouble; only to those who look closely, if it lasts since it was told.
    pub(crate) fn once(&mut self, trouble: Trouble, what: impl FnOnce() -> String) {
        if self.troubles.insert(trouble) {
            tracing::warn!(rule = %self.rule, "{}", what());
        } else {
            tracing::debug!(rule = %self.rule, "{}", what());
        }
    }

    /// A trouble is over.
    pub(crate) fn over(&mut self, trouble: Trouble, what: impl Display) {
        if self.troubles.remove(&trouble) {
            tracing::info!(rule = %self.rule, "{what}");
        }
    }
}
