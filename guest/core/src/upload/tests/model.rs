//! A world in which everything fails at random: requests, answers, the journal, the process.
//!
//! The invariants, whatever happens: an upload that reports success has made the very object; it
//! comes to an end; it never has more under way, tries more often or costs more than it may; after
//! a crash nothing that the journal knows of is sent again; no upload that is open is forgotten, and
//! nothing is left behind when it ends well.

mod chance;
mod store;
mod world;

use proptest::prelude::*;

use crate::error::ErrorKind;
use crate::upload::Outcome;
use chance::Chance;
use world::{End, UNDER_WAY, World};

/// Runs of one job that follow each other as a user's would: until one ends well, at most so many.
const RUNS: usize = 30;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_object_is_whole_or_the_job_has_failed(
        seed: u64,
        trouble in 0u8..60,
        crashes in 0u8..4,
        denied: bool,
    ) {
        let mut world = World::new(Chance::new(seed), trouble, crashes, denied);
        let mut ended = None;
        for _ in 0..RUNS {
            let end = world.run();
            let ended_well = matches!(end, End::Done(Ok(_)));
            // What the role may not abort is told, and given up.
            let known = ended_well || denied || world.remembers_what_is_open();
            prop_assert!(known, "an open upload is forgotten: {world:#?}");
            match end {
                End::Crashed => {}
                End::Done(Ok(outcome)) => {
                    ended = Some(outcome);
                    break;
                }
                End::Done(Err(error)) => prop_assert_ne!(error.kind, ErrorKind::Internal, "{}", error),
            }
            // What the user does: the same command again, in better times.
            world.calm();
        }
        let outcome = ended.expect("in better times every job ends well");
        world.check_object();
        if let Outcome::Stored(object) = &outcome {
            prop_assert_eq!(object.bytes, world.length());
        }
        // What could not be cleared away is told.
        let told = outcome.object().failures.iter().any(|failure| {
            failure.message.contains("abort") || failure.message.contains("list the multipart")
        });
        prop_assert!(denied || told || world.left_over() == 0, "uploads are left over in silence");
    }

    #[test]
    fn a_role_that_may_only_put_sends_nothing_twice_that_its_journal_knows(
        seed: u64,
        crashes in 1u8..6,
    ) {
        let mut world = World::new(Chance::new(seed), 0, crashes, true);
        while let End::Crashed = world.run() {}
        world.check_object();
        // Without leave to look, an object that was made unheard is made again.
        let lost = u64::from(crashes) * UNDER_WAY + world.unheard() * world.length();
        prop_assert!(
            world.sent() <= world.length() + lost,
            "{} bytes were sent for {} and {} that may have been lost",
            world.sent(), world.length(), lost,
        );
    }
}
