//! A world in which everything fails at random: requests, answers, the journal, the pipe, the process.
//!
//! The invariants, whatever happens: after each run the object is the very payload, or what was there before; an
//! upload that reports success has made it, and says of it what is so; the store never has to refuse how it is
//! asked; a job comes to an end; it never has more under way, tries a request more often or sends more bytes than it
//! has reason to; no upload that is open is forgotten, and nothing is left behind when it ends well.
//!
//! `PROPTEST_CASES` sets the number of worlds.

mod chance;
mod completion;
mod host;
mod ledger;
mod mishap;
mod network;
mod payload;
mod said;
mod setup;
mod store;
mod world;

use proptest::prelude::*;

use crate::error::ErrorKind;
use chance::Chance;
use setup::{BELIEVED, Setup};
use world::{End, World};

/// Runs of one job that follow each other as a user's would: until one ends well, at most so many.
const RUNS: usize = 30;

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(1000);
    ProptestConfig::with_cases(cases)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_the_object_is_whole_or_the_job_has_failed(
        seed: u64,
        trouble in 0u8..60,
        crashes in 0u8..4,
    ) {
        let mut chance = Chance::new(seed);
        let setup = Setup::draw(&mut chance);
        let denied = setup.manner.put_only;
        let bad_disk = setup.bad_disk;
        let mut world = World::new(setup, chance, trouble, crashes);
        let mut ended = None;
        for _ in 0..RUNS {
            let end = world.run();
            let ended_well = matches!(end, End::Done(Ok(_)));
            world.check_object(ended_well);
            // What the role may not abort is told, and given up; what cannot be written down is lost.
            let known = ended_well || denied || bad_disk || world.remembers_what_is_open();
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
        world.check_outcome(&outcome);
        prop_assert!(world.was_thrifty(), "bytes were sent without a reason: {world:#?}");
        // What could not be cleared away is told.
        let told = outcome.object().failures.iter().any(|failure| {
            failure.message.contains("abort") || failure.message.contains("list the multipart")
        });
        let cleared = denied || bad_disk || told || world.left_over() == 0;
        prop_assert!(cleared, "uploads are left over in silence: {outcome:#?} {world:#?}");
        world.settle();
        world.check_object(true);
    }

    #[test]
    fn a_role_that_may_only_put_sends_nothing_twice_that_its_journal_knows(
        seed: u64,
        crashes in 1u8..6,
    ) {
        let mut chance = Chance::new(seed);
        let mut setup = Setup::draw(&mut chance);
        (setup.manner.put_only, setup.manner.region) = (true, BELIEVED);
        (setup.stream, setup.bad_disk, setup.before) = (false, false, None);
        let mut world = World::new(setup, chance, 0, crashes);
        while let End::Crashed = world.run() {}
        world.check_object(true);
        // Without leave to look, an object that was made unheard is made again; nothing else is.
        prop_assert!(world.was_thrifty(), "bytes were sent without a reason: {world:#?}");
    }
}
