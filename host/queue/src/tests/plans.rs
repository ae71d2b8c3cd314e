//! What the service asks often is answered by an index, however many jobs there are.

use super::*;
use crate::reader::{CANCELLING, COUNT, DUE, FIRST_DELAYED, IN_STATE, LAST_DELAYED};
use crate::work::{DELAYED, DELAYED_BY_A_WRONG_CLOCK};
use crate::*;

fn plan(queue: &Queue, query: &str) -> Vec<String> {
    let mut statement = queue
        .connection
        .prepare(&format!("EXPLAIN QUERY PLAN {query}"))
        .unwrap();
    let count = statement.parameter_count();
    let nothing = vec![0; count];
    statement
        .query_map(rusqlite::params_from_iter(nothing), |row| row.get("detail"))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

#[test]
fn no_question_sorts_or_reads_the_table() {
    let kept = Kept::new();
    let queue = kept.open();
    for (query, index) in [
        (DUE, "jobs_due"),
        (DELAYED, "jobs_delayed"),
        (DELAYED_BY_A_WRONG_CLOCK, "jobs_delayed"),
        (FIRST_DELAYED, "jobs_delayed"),
        (LAST_DELAYED, "jobs_delayed"),
        (IN_STATE, "jobs_state"),
        (COUNT, "jobs_state"),
        (CANCELLING, "jobs_cancelling"),
        (care::ENDED_BEFORE, "jobs_finished"),
        (care::ENDED_FIRST, "jobs_finished"),
    ] {
        let plan = plan(&queue, query);
        assert_eq!(plan.len(), 1, "{query}: {plan:?}");
        assert!(
            plan[0].contains(&format!("USING COVERING INDEX {index}"))
                || plan[0].contains(&format!("USING INDEX {index}")),
            "{query}: {plan:?}"
        );
    }
}

#[test]
fn a_claim_among_a_hundred_thousand_jobs_reads_only_what_it_takes() {
    let kept = Kept::new();
    let mut queue = kept.open();
    let mut add = |from: u32, to: u32| {
        let jobs: Vec<_> = (from..to).map(|n| named(&n.to_string())).collect();
        for jobs in jobs.chunks(10_000) {
            queue.add_all(jobs, at(0)).unwrap();
        }
    };
    add(0, 100_000);
    queue.claim(&owner("me"), 10, at(0)).unwrap();
    drop(queue);

    let mut queue = kept.open();
    let steps = |query| {
        let mut prepared = queue.connection.prepare(query).unwrap();
        let rows = prepared
            .query_map([10], |row| row.get::<_, i64>(0))
            .unwrap();
        assert_eq!(rows.count(), 10);
        prepared.get_status(rusqlite::StatementStatus::VmStep)
    };
    assert!(steps(DUE) < 200);
    let claimed = queue.claim(&owner("me"), 10, at(0)).unwrap();
    assert_eq!(claimed[0].id.number(), 11);
}

/// Changes all jobs while the database does not know of an index.
fn change_behind_the_back_of(index: &str, kept: &Kept) {
    let connect = || {
        let connection = store::connect(&kept.file("queue.sqlite")).unwrap();
        connection
            .execute_batch("PRAGMA writable_schema = ON")
            .unwrap();
        connection
    };
    let connection = connect();
    let (root, definition): (i64, String) = connection
        .query_row(
            "SELECT rootpage, sql FROM sqlite_schema WHERE name = ?",
            [index],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    connection
        .execute("DELETE FROM sqlite_schema WHERE name = ?", [index])
        .unwrap();
    drop(connection);
    let connection = connect();
    for id in 1..=7 {
        let mut job = store::load(&connection, JobId::new(id)).unwrap().unwrap();
        job.stage = Stage::Cancelled { finished: at(77) };
        job.current = false;
        store::update(&connection, &job).unwrap();
    }
    connection
        .execute(
            "INSERT INTO sqlite_schema VALUES ('index', ?, 'jobs', ?, ?)",
            (index, root, definition),
        )
        .unwrap();
}

#[test]
fn every_index_is_compared_with_its_table() {
    for index in [
        "jobs_identity",
        "jobs_due",
        "jobs_delayed",
        "jobs_state",
        "jobs_cancelling",
        "jobs_finished",
    ] {
        let kept = Kept::new();
        versions::write_history(&mut kept.open());
        change_behind_the_back_of(index, &kept);
        let report = Queue::open(kept.path()).unwrap().repaired.unwrap();
        assert_eq!(report.kept, 7);
        let Cause::Damaged { damage, .. } = report.cause else {
            panic!("{index}");
        };
        assert_eq!(
            damage,
            format!("the index {index} is not that of its table")
        );
        kept.open();
    }
}
