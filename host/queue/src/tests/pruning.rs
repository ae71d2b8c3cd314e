//! What is forgotten, what is counted, and what is remembered of budgets.

use time::macros::date;

use super::*;
use crate::*;

fn ended(count: u64) -> (Kept, Queue) {
    let kept = Kept::new();
    let mut queue = kept.open();
    let jobs: Vec<_> = (0..count).map(|n| named(&n.to_string())).collect();
    queue.add_all(&jobs, at(0)).unwrap();
    let step = usize::try_from(count.div_ceil(10)).unwrap();
    for now in 0..10 {
        let outcome = if now % 2 == 0 { uploaded() } else { failed() };
        let jobs = queue.claim(&owner("me"), step, at(0)).unwrap();
        let all: Vec<_> = jobs
            .iter()
            .map(|job| settlement(job.id, outcome.clone()))
            .collect();
        queue.settle_all(&all, at(now)).unwrap();
    }
    (kept, queue)
}

fn numbers(queue: &Queue) -> Vec<i64> {
    let jobs = queue.list(&Filter::default(), None, 1000).unwrap();
    jobs.iter().map(|job| job.id.number()).collect()
}

#[test]
fn history_is_pruned_by_age() {
    let (_kept, mut queue) = ended(10);
    let prune = Prune {
        states: vec![State::Done],
        finished_before: Some(at(4)),
        keep: None,
    };
    assert_eq!(queue.prune(&prune).unwrap(), 2);
    assert_eq!(numbers(&queue), [2, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn history_is_pruned_by_number_the_oldest_first() {
    let (_kept, mut queue) = ended(10);
    let prune = Prune {
        states: vec![State::Done, State::Failed],
        finished_before: None,
        keep: Some(1),
    };
    assert_eq!(queue.prune(&prune).unwrap(), 8);
    assert_eq!(numbers(&queue), [9, 10]);
}

#[test]
fn what_has_not_ended_is_never_forgotten() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let mut moved = named("c");
    moved.task.disposal = Disposal::Delete;
    queue
        .add_all(&[moved, named("b"), named("a")], at(0))
        .unwrap();
    let jobs = queue.claim(&owner("me"), 2, at(0)).unwrap();
    queue.settle(jobs[0].id, uploaded(), 0, at(0)).unwrap();
    let prune = Prune {
        states: State::ALL.to_vec(),
        finished_before: Some(at(1_000_000)),
        keep: Some(0),
    };
    assert_eq!(queue.prune(&prune).unwrap(), 0);
    assert_eq!(numbers(&queue), [1, 2, 3]);
}

#[test]
fn pruning_gives_room_back() {
    let (kept, mut queue) = ended(3000);
    let prune = Prune {
        states: State::ALL.to_vec(),
        keep: Some(0),
        ..Prune::default()
    };
    let before = {
        drop(queue);
        kept.file("queue.sqlite").metadata().unwrap().len()
    };
    queue = kept.open();
    assert_eq!(queue.prune(&prune).unwrap(), 3000);
    drop(queue);
    let after = kept.file("queue.sqlite").metadata().unwrap().len();
    assert!(after < before / 4, "{before} bytes became {after}");
}

#[test]
fn jobs_and_bytes_are_counted_by_state() {
    let (_kept, mut queue) = ended(5);
    queue.add(&named("waiting"), at(0)).unwrap();
    let counts = queue.counts().unwrap();
    let tally = |jobs| Tally {
        jobs,
        bytes: jobs * 10,
    };
    assert_eq!(counts.of(State::Done), tally(3));
    assert_eq!(counts.of(State::Failed), tally(2));
    assert_eq!(counts.of(State::Waiting), tally(1));
    assert_eq!(counts.of(State::Running), tally(0));
}

#[test]
fn a_list_goes_on_where_the_last_page_ended() {
    let (_kept, queue) = ended(10);
    let filter = Filter {
        states: vec![State::Failed, State::Done],
    };
    let mut seen = Vec::new();
    let mut after = None;
    while let Some(last) = {
        let page = queue.list(&filter, after, 3).unwrap();
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|job| job.id.number()));
        page.last().map(|job| job.id)
    } {
        after = Some(last);
    }
    assert_eq!(seen, (1..=10).collect::<Vec<_>>());
    let failed = Filter {
        states: vec![State::Failed],
    };
    assert_eq!(queue.list(&failed, None, 99).unwrap().len(), 5);
}

#[test]
fn what_was_sent_is_summed_by_day_and_month() {
    let kept = Kept::new();
    let mut queue = kept.open();
    queue.record_sent(date!(2026 - 10 - 31), 1).unwrap();
    queue.record_sent(date!(2026 - 11 - 01), 10).unwrap();
    queue.record_sent(date!(2026 - 11 - 30), 100).unwrap();
    queue.record_sent(date!(2026 - 11 - 30), 1000).unwrap();
    drop(queue);
    let queue = kept.open();
    assert_eq!(queue.sent_on(date!(2026 - 11 - 30)).unwrap(), 1100);
    assert_eq!(queue.sent_on(date!(2026 - 11 - 29)).unwrap(), 0);
    assert_eq!(queue.sent_in_month_of(date!(2026 - 11 - 15)).unwrap(), 1110);
    assert_eq!(queue.sent_in_month_of(date!(2026 - 10 - 01)).unwrap(), 1);
}

#[test]
fn days_long_past_are_forgotten() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let first = date!(2026 - 01 - 01);
    for day in 0..70 {
        queue
            .record_sent(first + time::Duration::days(day), 1)
            .unwrap();
    }
    assert_eq!(queue.sent_in_month_of(first).unwrap(), 31 - 8);
    assert_eq!(queue.sent_in_month_of(date!(2026 - 02 - 01)).unwrap(), 28);
}
