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
        let mut queue = kept.open();
        versions::write_history(&mut queue);
        check::check(&queue.connection, schema::newest()).unwrap();
        // The index of another table, as far as the file is concerned.
        queue
            .connection
            .execute_batch(&format!(
                "PRAGMA writable_schema = ON;
                 CREATE INDEX empty ON jobs (id) WHERE false;
                 UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'empty')
                 WHERE name = '{index}';
                 DELETE FROM sqlite_schema WHERE name = 'empty';"
            ))
            .unwrap();
        drop(queue);
        // As if it had not been closed in order.
        std::fs::remove_file(kept.file("queue.lock")).unwrap();
        let report = Queue::open(kept.path()).unwrap().repaired.unwrap();
        assert_eq!(report.kept, 7, "{index}: {report:?}");
        kept.open();
    }
}
