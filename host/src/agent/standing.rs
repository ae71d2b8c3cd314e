//! How releases stand, as far as uploads have to know.

use sealift_release::{Digest, Stage, State};
use tokio::sync::watch;

/// What is known of it; nothing at first.
pub(super) type Known = watch::Receiver<Option<Standing>>;

/// Which components may be relied on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    committed: Option<Digest>,
    on_trial: Option<Digest>,
    /// A trial has failed, and what ran before is being brought back.
    pub(super) rolling_back: bool,
}

/// What becomes of a file that a component has uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is deleted or moved, as its rule says.
    Dispose,
    /// It stays until the trial is over.
    Hold,
    /// It is uploaded again by what was settled.
    Reopen,
}

impl From<&State> for Standing {
    fn from(state: &State) -> Self {
        Self {
            committed: state.committed().map(|release| release.digest),
            on_trial: match state.stage() {
                Stage::Trial(trial) => Some(trial.release().digest),
                _ => None,
            },
            rolling_back: matches!(state.stage(), Stage::RollingBack { .. }),
        }
    }
}

impl Standing {
    /// What becomes of a file that was uploaded on trial by this component; `None` where an earlier process uploaded it
    /// and nobody knows with what.
    pub(super) fn fate(&self, by: Option<Digest>) -> Fate {
        match by {
            None if self.rolling_back => Fate::Reopen,
            None if self.on_trial.is_some() => Fate::Hold,
            None => Fate::Dispose,
            Some(_) if by == self.committed => Fate::Dispose,
            Some(_) if by == self.on_trial => Fate::Hold,
            Some(_) => Fate::Reopen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: &str) -> Digest {
        Digest::of(of.as_bytes())
    }

    #[test]
    fn no_file_goes_for_an_upload_by_a_component_that_is_on_trial_or_failed() {
        let trial = Standing {
            committed: Some(digest("old")),
            on_trial: Some(digest("new")),
            rolling_back: false,
        };
        assert_eq!(trial.fate(Some(digest("new"))), Fate::Hold);
        assert_eq!(trial.fate(Some(digest("older"))), Fate::Reopen);
        assert_eq!(trial.fate(None), Fate::Hold);
        let back = Standing {
            on_trial: None,
            rolling_back: true,
            ..trial
        };
        assert_eq!(back.fate(Some(digest("new"))), Fate::Reopen);
        assert_eq!(back.fate(None), Fate::Reopen);
        let failed = Standing {
            rolling_back: false,
            ..back
        };
        assert_eq!(failed.fate(Some(digest("new"))), Fate::Reopen);
        assert_eq!(failed.fate(None), Fate::Dispose);
        let committed = Standing {
            committed: Some(digest("new")),
            ..failed
        };
        assert_eq!(committed.fate(Some(digest("new"))), Fate::Dispose);
    }
}
