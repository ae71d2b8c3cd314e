#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::test_rule::rule;

/// A quota, as a configuration has it.
fn quota(lines: &str) -> Quota {
    rule("/d".as_ref(), lines).quota.unwrap()
}

fn occupant(name: &str, size: u64, second: u64, priority: u32, standing: Standing) -> Occupant {
    Occupant {
        relative: name.into(),
        size,
        modified: UNIX_EPOCH + Duration::from_secs(second),
        priority,
        standing,
    }
}

fn example() -> Vec<Occupant> {
    vec![
        occupant("new", 10, 9, 1, Standing::Uploaded),
        occupant("old", 10, 1, 9, Standing::Uploaded),
        occupant("older", 10, 0, 5, Standing::Waiting),
        occupant("low", 10, 5, 0, Standing::Waiting),
        occupant("oldest", 10, 0, 0, Standing::Busy),
    ]
}

fn relief(lines: &str) -> (Vec<String>, bool) {
    let occupants = example();
    let relief = relieve(&quota(lines), &occupants);
    let names = relief
        .delete
        .iter()
        .map(|place| &occupants[*place].relative);
    let names = names.map(|name| name.display().to_string()).collect();
    (names, relief.is_full)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_is_uploaded_goes_before_what_is_not_and_by_the_policy_among_them() {
    let oldest = "when_full = \"oldest\"";
    let lowest = "when_full = \"lowest-priority\"";
    for (lines, deleted) in [
        (format!("max_files = 5\n{oldest}"), vec![]),
        (format!("max_files = 4\n{oldest}"), vec!["old"]),
        (
            format!("max_bytes = 25\n{oldest}"),
            vec!["old", "new", "older"],
        ),
        (format!("max_files = 4\n{lowest}"), vec!["new"]),
        (
            format!("max_bytes = 25\n{lowest}"),
            vec!["new", "old", "low"],
        ),
    ] {
        assert_eq!(relief(&lines), (names(&deleted), false), "{lines}");
    }
}

#[test]
fn nothing_is_deleted_by_a_policy_that_stops() {
    assert_eq!(relief("max_files = 1"), (vec![], true));
    assert_eq!(relief("max_bytes = 50"), (vec![], false));
}

#[test]
fn what_is_being_sent_stays_even_in_a_full_folder_and_what_is_lost_is_told() {
    let quota = quota("max_bytes = 5\nwhen_full = \"oldest\"");
    let occupants = example();
    let relief = relieve(&quota, &occupants);
    assert_eq!(relief.delete.len(), 4);
    assert!(relief.is_full);
    let lost: Vec<_> = relief
        .lost(&occupants)
        .map(|o| o.relative.clone())
        .collect();
    assert_eq!(lost, [PathBuf::from("older"), PathBuf::from("low")]);
}

fn any_occupant() -> impl Strategy<Value = Occupant> {
    let standing =
        prop::sample::select(vec![Standing::Uploaded, Standing::Waiting, Standing::Busy]);
    let size = prop_oneof![0..100_u64, Just(u64::MAX)];
    (size, 0..9_u64, 0..9_u32, standing).prop_map(|(size, second, priority, standing)| {
        occupant("f", size, second, priority, standing)
    })
}

proptest! {
    #[test]
    fn no_more_is_deleted_than_has_to_be(
        occupants in prop::collection::vec(any_occupant(), 0..20),
        most in 1..200_u32,
        limit in prop::sample::select(vec!["max_files", "max_bytes"]),
        policy in prop::sample::select(WhenFull::ALL),
    ) {
        let quota = quota(&format!("{limit} = {most}\nwhen_full = \"{policy}\""));
        let relief = relieve(&quota, &occupants);
        let left = |deleted: &[usize]| -> Vec<_> {
            let stays = |place: &usize| !deleted.contains(place);
            (0..occupants.len()).filter(stays).map(|place| occupants[place].clone()).collect()
        };
        prop_assert_eq!(Load::of(&left(&relief.delete)).exceeds(&quota), relief.is_full);
        if let Some((_, but_last)) = relief.delete.split_last() {
            prop_assert!(Load::of(&left(but_last)).exceeds(&quota));
        }
        for place in &relief.delete {
            prop_assert_ne!(occupants[*place].standing, Standing::Busy);
        }
        let keeps_an_uploaded_one = left(&relief.delete)
            .iter()
            .any(|occupant| occupant.standing == Standing::Uploaded);
        if keeps_an_uploaded_one {
            prop_assert_eq!(relief.lost(&occupants).count(), 0);
        }
        if policy == WhenFull::Stop {
            prop_assert!(relief.delete.is_empty());
        }
    }
}
