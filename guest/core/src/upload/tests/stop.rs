//! The user's word, and a source that changed: what was begun is aborted, whatever was under way.

use super::bench::{Bench, Sent, read};
use super::plan::Plan;
use super::store::{Reply, accept, fail, refuse};
use crate::error::ErrorKind;
use crate::upload::Event;

/// After the cut there is nothing but the abort of what was begun, and the end of its journal.
fn assert_cleared(bench: &Bench, upload: &str) {
    let cut = bench.position("cut");
    let created = bench.log.iter().any(|line| line == "write created");
    let abort = format!("send abort {upload}");
    let mut expected = vec!["cut"];
    if created {
        expected.extend([&*abort, "reset"]);
    }
    assert_eq!(bench.log[cut..], expected, "{:#?}", bench.log);
    if created {
        assert_eq!(bench.journal, Ok(Vec::new()));
    }
}

#[test]
fn a_job_can_be_stopped_at_each_report() {
    let reply = |sent: &Sent| match (sent.what.as_str(), sent.nth) {
        ("part 2" | "complete U1", 1) => refuse(503, "SlowDown"),
        _ => accept(),
    };
    let mut reports = 0;
    loop {
        reports += 1;
        let mut bench = Plan::parts(3).at_once(2).bench();
        bench.stop_at = Some(reports);
        let Err(error) = bench.run(reply) else {
            break;
        };
        assert_eq!(error.kind, ErrorKind::Cancelled, "report {reports}");
        assert_cleared(&bench, "U1");
    }
    // Five requests, two of which were retried: told as such, and as another attempt.
    assert_eq!(reports - 1, 5 + 2 * 2);
}

#[test]
fn parts_that_the_role_may_not_remove_are_told() {
    for (status, code, told) in [
        (403, "AccessDenied", true),
        (404, "NoSuchUpload", false),
        (204, "", false),
    ] {
        let mut bench = Plan::parts(3).bench();
        bench.stop_at = Some(4);
        let error = bench
            .run(|sent| match sent.what.as_str() {
                "abort U1" if status != 204 => refuse(status, code),
                _ => accept(),
            })
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled);
        let cure = error.cure.unwrap_or_default();
        assert_eq!(cure.contains("lifecycle rule"), told, "{code}: {cure}");
    }
}

#[test]
fn a_stop_between_reports_counts_as_well() {
    let mut bench = Plan::parts(3).bench();
    let create = bench.expect_sent();
    bench.tell(create.accepted());
    let first = bench.expect_sent();
    bench.tell(Event::Stop);
    let abort = bench.expect_sent();
    assert_eq!(abort.what, "abort U1");
    // The answer to what was cut says nothing any more.
    bench.tell(first.accepted());
    bench.tell(abort.accepted());
    let error = bench.expect_done().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
    assert_cleared(&bench, "U1");
}

#[test]
fn a_stopped_put_is_over_at_once() {
    let mut bench = Plan::put(7).bench();
    let sent = bench.expect_sent();
    bench.tell(Event::Stop);
    let cancelled = bench.expect_done().unwrap_err();
    assert_eq!(cancelled.kind, ErrorKind::Cancelled);
    bench.tell(sent.accepted());
    assert_eq!(bench.expect_done(), Err(cancelled));
    assert_cleared(&bench, "U1");
}

#[test]
fn a_second_stop_does_not_wait_for_the_abort() {
    let mut bench = Plan::parts(3).bench();
    let create = bench.expect_sent();
    bench.tell(create.accepted());
    bench.expect_sent();
    bench.tell(Event::Stop);
    assert_eq!(bench.expect_sent().what, "abort U1");
    bench.tell(Event::Stop);
    let error = bench.expect_done().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
    assert_ne!(bench.journal, Ok(Vec::new()));
}

/// Runs a job whose first part fails for good, and whose abort is answered like this.
fn changed(abort: &Reply) -> Bench {
    let mut bench = Plan::parts(3).at_once(2).bench();
    let result = bench.run(|sent| match sent.what.as_str() {
        "part 1" => fail(ErrorKind::SourceChanged),
        "abort U1" => abort.clone(),
        _ => accept(),
    });
    assert_eq!(result.unwrap_err().kind, ErrorKind::SourceChanged);
    assert_eq!(bench.count("send complete U1"), 0);
    bench
}

#[test]
fn a_source_that_changed_never_becomes_an_object() {
    assert_cleared(&changed(&accept()), "U1");
}

#[test]
fn a_role_that_may_not_abort_ends_with_the_first_error_and_tells_the_other() {
    let bench = changed(&refuse(403, "AccessDenied"));
    assert_cleared(&bench, "U1");
    let kinds = bench.upload.failures().iter().map(|error| error.kind);
    assert!(kinds.eq([ErrorKind::Denied, ErrorKind::SourceChanged]));
}

#[test]
fn an_upload_that_the_store_refuses_to_begin_leaves_no_journal() {
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|_| refuse(403, "AccessDenied"));
    assert_eq!(result.unwrap_err().kind, ErrorKind::Denied);
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn an_upload_that_may_have_begun_leaves_its_intent() {
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|_| fail(ErrorKind::Network));
    assert_eq!(result.unwrap_err().kind, ErrorKind::Network);
    let past = read(&bench.journal.unwrap());
    assert_eq!(past.upload_id, None);
}
