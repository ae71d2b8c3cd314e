//! When failures of single files become a reason not to try the others.

use sealift::sandbox::{Reach, Trouble};

/// So many files are refused in the same words, and none is taken, before no others are tried: two rounds
/// of the eight that are under way by default. One refusal says nothing of the next file, since policies
/// name prefixes; sixteen and no success say that it is the role or the bucket. More would be sent in
/// full to be refused, ten thousand times in a large directory.
const MOST_REFUSED: usize = 16;

/// Unreachable stores end it after two rounds of what is under way at once without a success: the first
/// may have met one dead link together.
const ROUNDS: usize = 2;

/// What speaks for it that something is wrong for all files.
#[derive(Debug)]
pub(super) struct Suspicion {
    most_unreachable: usize,
    /// In a row.
    unreachable: usize,
    /// As long as no file was taken, in this word.
    refused: usize,
    word: Option<String>,
    succeeded: bool,
}

impl Suspicion {
    /// So many files are under way at once.
    pub(super) fn new(jobs: u8) -> Self {
        Self {
            most_unreachable: ROUNDS * usize::from(jobs.max(2)),
            unreachable: 0,
            refused: 0,
            word: None,
            succeeded: false,
        }
    }

    /// A file was taken.
    pub(super) fn allay(&mut self) {
        self.succeeded = true;
        self.unreachable = 0;
    }

    /// A file was not. Whether something is wrong for all of them.
    pub(super) fn confirm(&mut self, reach: Reach) -> bool {
        match reach {
            Reach::One => false,
            Reach::All => true,
            Reach::Perhaps(Trouble::Unreachable) => {
                self.unreachable += 1;
                self.unreachable >= self.most_unreachable
            }
            Reach::Perhaps(Trouble::Refused { code }) => {
                if self.word.as_ref() != Some(&code) {
                    self.word = Some(code);
                    self.refused = 0;
                }
                self.refused += 1;
                !self.succeeded && self.refused >= MOST_REFUSED
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNREACHABLE: Reach = Reach::Perhaps(Trouble::Unreachable);

    fn refused(code: &str) -> Reach {
        let code = code.to_owned();
        Reach::Perhaps(Trouble::Refused { code })
    }

    fn count_until_hopeless(suspicion: &mut Suspicion, reach: &Reach) -> usize {
        (1..=100)
            .find(|_| suspicion.confirm(reach.clone()))
            .unwrap_or(usize::MAX)
    }

    #[test]
    fn sixteen_equal_refusals_are_enough() {
        let mut suspicion = Suspicion::new(8);
        let denied = refused("AccessDenied");
        assert_eq!(count_until_hopeless(&mut suspicion, &denied), 16);
    }

    #[test]
    fn one_file_that_was_taken_makes_refusals_those_of_single_files() {
        let mut suspicion = Suspicion::new(8);
        suspicion.allay();
        let denied = refused("AccessDenied");
        assert_eq!(count_until_hopeless(&mut suspicion, &denied), usize::MAX);
    }

    #[test]
    fn refusals_in_other_words_begin_anew() {
        let mut suspicion = Suspicion::new(8);
        for _ in 0..15 {
            assert!(!suspicion.confirm(refused("AccessDenied")));
        }
        assert!(!suspicion.confirm(refused("AllAccessDisabled")));
        let denied = refused("AccessDenied");
        assert_eq!(count_until_hopeless(&mut suspicion, &denied), 16);
    }

    #[test]
    fn a_store_is_unreachable_after_two_rounds_without_a_success() {
        for (jobs, most) in [(1, 4), (8, 16), (64, 128)] {
            let mut suspicion = Suspicion::new(jobs);
            for _ in 1..most {
                assert!(!suspicion.confirm(UNREACHABLE));
            }
            suspicion.allay();
            for _ in 1..most {
                assert!(!suspicion.confirm(UNREACHABLE));
            }
            assert!(suspicion.confirm(UNREACHABLE), "{jobs}");
        }
    }

    #[test]
    fn what_concerns_all_is_enough_once_and_what_concerns_one_never() {
        let mut suspicion = Suspicion::new(8);
        assert_eq!(
            count_until_hopeless(&mut suspicion, &Reach::One),
            usize::MAX
        );
        assert!(suspicion.confirm(Reach::All));
    }
}
