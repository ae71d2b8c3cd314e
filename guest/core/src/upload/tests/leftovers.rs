//! What could not be cleared away is not forgotten: another run knows it, and clears it away.

use super::bench::{Bench, at};
use super::plan::Plan;
use super::resume::{journal, same};
use super::store::{Reply, accept, answer, fail, listed, refuse, unfinished};
use crate::error::{Error, ErrorKind};
use crate::s3::UploadId;
use crate::upload::Outcome;
use crate::upload::parts::MIN_PART;
use crate::upload::record::{Journal, Record};

/// A run of the plan that begins with this journal.
fn after(plan: &Plan, entries: Vec<Vec<u8>>) -> Bench {
    let mut bench = plan.bench();
    bench.journal = Ok(entries);
    bench
}

fn left(bench: &Bench) -> Vec<String> {
    let journal = Journal::read(bench.journal.as_ref().unwrap());
    let ids = journal.left.iter().map(UploadId::as_str);
    ids.map(str::to_owned).collect()
}

fn other(plan: &Plan) -> Plan {
    Plan {
        fingerprint: "another",
        ..plan.clone()
    }
}

/// The journal of an upload of which attempts before may have begun others.
fn not_alone(plan: &Plan) -> Vec<Vec<u8>> {
    let mut entries = journal(plan, &[]);
    entries.pop();
    let created = Record::Created {
        upload_id: "U0".to_owned(),
        alone: false,
    };
    entries.push(created.encode());
    entries
}

#[test]
fn an_upload_that_the_network_kept_from_being_aborted_is_aborted_by_the_next_run() {
    let plan = Plan::parts(2);
    let mut bench = after(&plan, journal(&other(&plan), &[1]));
    let result = bench.run(|sent| match sent.what.as_str() {
        "abort U0" => fail(ErrorKind::Network),
        "part 2" => refuse(403, "AccessDenied"),
        _ => accept(),
    });
    assert_eq!(result.unwrap_err().kind, ErrorKind::Denied);
    assert_eq!(left(&bench), ["U0"]);

    let mut bench = after(&plan, bench.journal.unwrap());
    let result = bench.run(|sent| match sent.what.as_str() {
        "list" => listed(&[(1, "e1", MIN_PART)], false),
        _ => accept(),
    });
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    assert_eq!(bench.sends(), ["list", "part 2", "complete U1", "abort U0"]);
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn a_job_that_leaves_while_the_network_is_down_does_not_forget_its_upload() {
    let plan = Plan::parts(2);
    for failure in [
        fail(ErrorKind::Network),
        // The host refuses, not the store: another time it may not.
        fail(ErrorKind::Denied),
        refuse(503, "SlowDown"),
    ] {
        let mut bench = plan.bench();
        let result = bench.run(|sent| match sent.what.as_str() {
            "part 1" => fail(ErrorKind::SourceChanged),
            "abort U1" => failure.clone(),
            _ => accept(),
        });
        assert_eq!(result.unwrap_err().kind, ErrorKind::SourceChanged);
        assert_eq!(left(&bench), ["U1"]);

        let mut bench = after(&plan, bench.journal.unwrap());
        assert!(bench.run(|_| accept()).is_ok());
        assert_eq!(bench.sends()[..2], ["abort U1", "create"]);
        assert_eq!(bench.journal, Ok(Vec::new()));
    }
}

#[test]
fn uploads_that_may_have_begun_beside_another_that_does_not_go_on_are_looked_for() {
    let plan = Plan::parts(2);
    let mut bench = after(&plan, not_alone(&other(&plan)));
    let orphan = unfinished(&[("a b", "orphan", "2023-11-14T22:13:20Z")]);
    let result = bench.run(|sent| match sent.what.as_str() {
        "sweep" => orphan.clone(),
        _ => accept(),
    });
    assert!(result.is_ok());
    let sends = bench.sends();
    assert_eq!(sends[0], "abort U0");
    assert_eq!(sends[4..], ["complete U1", "sweep", "abort orphan"]);
}

#[test]
fn what_may_have_begun_long_ago_is_still_looked_for_after_many_runs() {
    let plan = Plan::parts(2);
    let mut entries = not_alone(&other(&plan));
    for hours in 1..4 {
        let mut bench = after(&plan, entries);
        bench.now = at(hours * 3600);
        let result = bench.run(|sent| match sent.what.as_str() {
            "abort U0" => accept(),
            _ => fail(ErrorKind::Network),
        });
        assert_eq!(result.unwrap_err().kind, ErrorKind::Network);
        entries = bench.journal.unwrap();
        assert_eq!(Journal::read(&entries).strays, Some(1_700_000_000));
    }
}

#[test]
fn all_pages_of_unfinished_uploads_are_looked_through() {
    let page = |id: &str, more: bool| {
        let body = format!(
            "<ListMultipartUploadsResult><IsTruncated>{more}</IsTruncated>\
             <NextKeyMarker>a b</NextKeyMarker><NextUploadIdMarker>{id}</NextUploadIdMarker>\
             <Upload><Key>a b</Key><UploadId>{id}</UploadId>\
             <Initiated>2023-11-14T22:13:20Z</Initiated></Upload></ListMultipartUploadsResult>"
        );
        answer(200, &[], &body)
    };
    let plan = Plan::parts(2);
    let intent = journal(&plan, &[])[..1].to_vec();
    let mut bench = after(&plan, intent.clone());
    let result = bench.run(|sent| {
        let query = sent.request.uri().query().unwrap_or_default();
        match (sent.what.as_str(), sent.nth) {
            ("sweep", 1) => page("one", true),
            ("sweep", nth) => {
                assert!(query.contains("upload-id-marker=one"), "{query}");
                page("two", nth < 2)
            }
            _ => accept(),
        }
    });
    assert!(result.is_ok());
    let sends = ["sweep", "sweep", "abort two", "abort one", "create"];
    assert_eq!(bench.sends()[..5], sends);

    // A store that never comes to the end of its list does not hold the job.
    let mut bench = after(&plan, intent);
    let result = bench.run(|sent| match sent.what.as_str() {
        "sweep" => page(&format!("s{}", sent.nth), true),
        _ => accept(),
    });
    let Ok(Outcome::Stored(uploaded)) = result else {
        panic!("{result:?}");
    };
    assert!(uploaded.failures[0].message.contains("looked through"));
    // Once before the upload, and once again after it.
    assert_eq!(bench.count("send sweep"), 100);
}

#[test]
fn whatever_goes_wrong_while_tidying_up_the_object_is_there() {
    let elsewhere = |region| answer(301, &[("x-amz-bucket-region", region)], "");
    let replies: [fn(usize) -> Reply; 4] = [
        |_| fail(ErrorKind::Network),
        |_| fail(ErrorKind::SourceChanged),
        |_| refuse(404, "NoSuchBucket"),
        |_| answer(200, &[], "<html/>"),
    ];
    for reply in replies {
        let (_, result) = tidying(&reply);
        assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    }
    let (bench, result) = tidying(&|nth| elsewhere(["eu-west-2", "eu-west-3"][nth - 1]));
    assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
    assert_eq!(bench.count("send sweep"), 2);
}

/// Runs a job whose first attempt to begin its upload is lost, and whose sweeps are answered so.
fn tidying(sweep: &dyn Fn(usize) -> Reply) -> (Bench, Result<Outcome, Error>) {
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("create", 1) => fail(ErrorKind::Network),
        ("sweep", nth) => sweep(nth),
        _ => accept(),
    });
    (bench, result)
}

#[test]
fn an_equal_object_of_somebody_else_leaves_no_open_upload_behind() {
    let plan = Plan::parts(2);
    let mut bench = plan.bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("complete U1", 1) => fail(ErrorKind::Network),
        ("complete U1", _) => refuse(412, "PreconditionFailed"),
        ("head", _) => same(&plan),
        _ => accept(),
    });
    assert!(matches!(result, Ok(Outcome::AlreadyThere(_))), "{result:?}");
    assert_eq!(
        bench.sends()[3..],
        ["complete U1", "complete U1", "head", "abort U1"]
    );
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn what_could_not_be_aborted_at_once_is_aborted_once_the_object_is_there() {
    let plan = Plan::parts(2);
    for recovers in [true, false] {
        let mut bench = plan.bench();
        let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
            ("complete U1", _) => refuse(400, "InvalidPart"),
            ("abort U1", nth) if nth <= 3 || !recovers => fail(ErrorKind::Network),
            _ => accept(),
        });
        let Ok(Outcome::Stored(uploaded)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(bench.count("send abort U1"), if recovers { 4 } else { 6 });
        let told = uploaded.failures.iter().any(|failure| {
            failure.message
                == "cannot abort the multipart upload of `s3://abc/a b`: abort U1 failed"
        });
        assert!(told, "{:#?}", uploaded.failures);
        let expected: &[&str] = if recovers { &[] } else { &["U1"] };
        assert_eq!(left(&bench), expected);
    }
}

#[test]
fn no_run_aborts_more_than_a_hundred_and_the_next_goes_on() {
    let plan = Plan::parts(2);
    let ids: Vec<_> = (0..150).map(|number| format!("S{number}")).collect();
    let orphans: Vec<_> = ids
        .iter()
        .map(|id| ("a b", id.as_str(), "2023-11-14T22:13:20Z"))
        .collect();
    let mut bench = after(&plan, journal(&plan, &[])[..1].to_vec());
    let result = bench.run(|sent| match sent.what.as_str() {
        "sweep" => unfinished(&orphans),
        "part 1" => refuse(403, "AccessDenied"),
        _ => accept(),
    });
    assert_eq!(result.unwrap_err().kind, ErrorKind::Denied);
    let aborts = bench.sends();
    let aborts = aborts.iter().filter(|what| what.starts_with("abort S"));
    assert_eq!(aborts.count(), 100);
    let journal = Journal::read(bench.journal.as_ref().unwrap());
    assert_eq!(journal.strays, Some(1_700_000_000));
}
