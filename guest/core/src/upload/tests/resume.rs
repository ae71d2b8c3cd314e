//! What an earlier run left: an upload goes on with what the store still has, and begins anew
//! where it cannot.

use super::bench::{Bench, Sent, at};
use super::plan::{Plan, digest};
use super::store::{Reply, accept, answer, fail, listed, refuse, unfinished};
use crate::checksum::Algorithm;
use crate::error::{Error, ErrorKind};
use crate::s3::PartNumber;
use crate::upload::Outcome;
use crate::upload::parts::MIN_PART;
use crate::upload::record::Record;

/// The journal of an upload `U0` of which these parts are stored.
pub(super) fn journal(plan: &Plan, parts: &[u16]) -> Vec<Vec<u8>> {
    let upload_id = "U0".to_owned();
    let mut records = vec![
        Record::Intent(plan.job().intent(at(0))),
        Record::Created {
            upload_id,
            alone: true,
        },
    ];
    for &number in parts {
        let start = u64::from(number - 1) * MIN_PART;
        let end = (start + MIN_PART).min(plan.length.unwrap());
        let checksum = plan
            .checksum
            .map(|(algorithm, _)| digest(algorithm, start..end));
        let number = PartNumber::new(number).unwrap();
        let etag = format!("\"e{number}\"");
        records.push(Record::part(number, &etag, checksum.as_ref()));
    }
    records.iter().map(Record::encode).collect()
}

fn resumed(plan: &Plan, entries: Vec<Vec<u8>>) -> Bench {
    let mut bench = plan.bench();
    bench.journal = Ok(entries);
    bench
}

fn stored(result: &Result<Outcome, Error>) -> bool {
    matches!(result, Ok(Outcome::Stored(_)))
}

/// The page that a store has of these parts.
fn page(parts: &[u16]) -> Reply {
    let etags: Vec<_> = parts
        .iter()
        .map(|number| format!("\"e{number}\""))
        .collect();
    let parts = parts.iter().zip(&etags);
    let parts: Vec<_> = parts
        .map(|(&number, etag)| (number, etag.as_str(), MIN_PART))
        .collect();
    listed(&parts, false)
}

/// An object as `HEAD` describes it.
pub(super) fn object(length: u64, checksum: &str) -> Reply {
    let headers = [
        ("etag", "\"there\""),
        ("content-length", &*length.to_string()),
        ("x-amz-checksum-crc64nvme", checksum),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ];
    answer(200, &headers, "")
}

/// The very object of this plan.
pub(super) fn same(plan: &Plan) -> Reply {
    let length = plan.length.unwrap();
    object(length, &digest(Algorithm::Crc64Nvme, 0..length).to_base64())
}

const MISSING: &str = "NoSuchUpload";

#[test]
fn only_what_the_store_does_not_have_is_sent_again() {
    let plan = Plan::parts(6);
    let mut bench = resumed(&plan, journal(&plan, &[1, 2, 3, 4, 5]));
    let list = listed(
        &[
            (1, "e1", MIN_PART),
            (2, "\"another\"", MIN_PART),
            (3, "\"e3\"", MIN_PART - 1),
            (5, "\"e5\"", MIN_PART),
            (6, "\"unknown\"", 7),
            (9, "\"e9\"", MIN_PART),
        ],
        false,
    );
    let length = plan.length.unwrap();
    let result = bench.run(|sent| match sent.what.as_str() {
        "list" => list.clone(),
        _ => accept(),
    });
    let Ok(Outcome::Stored(uploaded)) = result else {
        panic!("{result:?}");
    };
    let whole = digest(Algorithm::Crc64Nvme, 0..length);
    assert_eq!(uploaded.checksum, Some(whole));
    assert_eq!((uploaded.bytes, uploaded.attempts), (length, 4));
    assert_eq!(
        bench.sends(),
        [
            "list",
            "part 2",
            "part 3",
            "part 4",
            "part 6",
            "complete U0"
        ]
    );
    assert_eq!(bench.journal, Ok(Vec::new()));
}

#[test]
fn after_a_crash_behind_any_entry_no_recorded_part_is_sent_again() {
    let plan = Plan::parts(5);
    let mut whole = journal(&plan, &[1, 2, 3, 4, 5]);
    whole.push(Record::Completing.encode());
    for entries in 2..=whole.len() {
        let recorded = u16::try_from(entries).unwrap().min(7) - 2;
        let mut bench = resumed(&plan, whole[..entries].to_vec());
        let denied = |sent: &Sent| match sent.what.as_str() {
            "list" => refuse(403, "AccessDenied"),
            _ => accept(),
        };
        assert!(stored(&bench.run(denied)));
        let parts = (recorded + 1..=5).map(|number| format!("part {number}"));
        let expected = ["list".to_owned()].into_iter().chain(parts);
        let expected: Vec<_> = expected.chain(["complete U0".to_owned()]).collect();
        assert_eq!(bench.sends(), expected, "{entries} entries");
    }
}

#[test]
fn parts_are_listed_over_several_pages() {
    let plan = Plan::parts(4);
    let mut bench = resumed(&plan, journal(&plan, &[1, 2, 3]));
    let first = listed(&[(1, "e1", MIN_PART), (2, "e2", MIN_PART)], true);
    let result = bench.run(|sent| match sent.what.as_str() {
        "list" => first.clone(),
        "list after 2" => page(&[3]),
        _ => accept(),
    });
    assert!(stored(&result));
    assert_eq!(
        bench.sends(),
        ["list", "list after 2", "part 4", "complete U0"]
    );
}

#[test]
fn where_parts_cannot_be_listed_the_journal_is_trusted_and_that_is_told() {
    let plan = Plan::parts(3);
    for reply in [
        refuse(403, "AccessDenied"),
        refuse(501, "NotImplemented"),
        refuse(405, "MethodNotAllowed"),
        refuse(400, "InvalidArgument"),
        refuse(500, "InternalError"),
        answer(200, &[], "<html/>"),
        answer(200, &[], "<ListPartsResult><Part/></ListPartsResult>"),
        // Page after page the same: it does not know the marker.
        listed(&[(1, "e1", MIN_PART)], true),
    ] {
        let mut bench = resumed(&plan, journal(&plan, &[1, 2]));
        let result = bench.run(|sent| match sent.what.as_str() {
            "list" | "list after 1" => reply.clone(),
            _ => accept(),
        });
        assert!(stored(&result));
        let sends = bench.sends();
        let sends: Vec<_> = sends
            .iter()
            .filter(|what| !what.starts_with("list"))
            .collect();
        assert_eq!(sends, [&"part 3", &"complete U0"], "{reply:?}");
        assert!(!bench.upload.failures().is_empty());
    }
}

#[test]
fn a_store_that_cannot_be_asked_leaves_the_journal_for_another_time() {
    let plan = Plan::parts(3);
    let entries = journal(&plan, &[1, 2]);
    let mut bench = resumed(&plan, entries.clone());
    let error = bench.run(|_| fail(ErrorKind::Network)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Network);
    assert_eq!(bench.sends(), ["list", "list", "list"]);
    assert_eq!(bench.journal, Ok(entries));
}

#[test]
fn an_upload_that_is_gone_is_begun_anew() {
    let plan = Plan::parts(2);
    let all = ["create", "part 1", "part 2", "complete U1"];
    let mut bench = resumed(&plan, journal(&plan, &[1]));
    let result = bench.run(|sent| match sent.what.as_str() {
        "list" => refuse(404, MISSING),
        _ => accept(),
    });
    assert!(stored(&result));
    assert_eq!(bench.sends()[1..], all);
    assert!(bench.position("reset") < bench.position("write intent"));

    let mut bench = resumed(&plan, journal(&plan, &[1]));
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("list", _) => page(&[1]),
        ("part 2", 1) => refuse(404, MISSING),
        _ => accept(),
    });
    assert!(stored(&result));
    assert_eq!(bench.sends()[..2], ["list", "part 2"]);
    assert_eq!(bench.sends()[2..], all);
}

#[test]
fn an_upload_that_a_store_without_codes_does_not_know_is_aborted_and_begun_anew() {
    let plan = Plan::parts(2);
    for gone in [answer(404, &[], ""), refuse(404, "NoSuchKey")] {
        for at in ["list", "part 2", "complete U0"] {
            let mut bench = resumed(&plan, journal(&plan, &[1]));
            let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
                (what, 1) if what == at => gone.clone(),
                ("list", _) => page(&[1]),
                ("head", _) => refuse(404, ""),
                _ => accept(),
            });
            assert!(stored(&result), "{result:?}");
            let abort = bench.position("send abort U0");
            assert!(abort < bench.position("send create"));
            assert_eq!(bench.sends().last(), Some(&"complete U1"));
        }
    }
}

#[test]
fn a_bucket_that_is_not_there_now_does_not_cost_the_journal() {
    let plan = Plan::parts(2);
    let entries = journal(&plan, &[1]);
    let mut bench = resumed(&plan, entries.clone());
    let error = bench.run(|_| refuse(404, "NoSuchBucket")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(bench.sends(), ["list"]);
    assert_eq!(bench.journal, Ok(entries));
}

fn typed(plan: &Plan) -> Plan {
    plan.clone().option("content-type", "text/csv")
}

#[test]
fn an_upload_of_something_else_is_aborted_before_another_begins() {
    let plan = Plan::parts(2);
    let (mut changed, mut longer) = (plan.clone(), plan.clone());
    changed.fingerprint = "another";
    longer.length = plan.length.map(|length| length + 1);
    for other in [changed, longer, typed(&plan), plan.clone().with(None)] {
        for abort in [accept(), refuse(403, "AccessDenied"), refuse(404, MISSING)] {
            let mut bench = resumed(&plan, journal(&other, &[]));
            let result = bench.run(|sent| match sent.what.as_str() {
                "abort U0" => abort.clone(),
                _ => accept(),
            });
            assert!(stored(&result));
            assert_eq!(
                bench.sends(),
                ["abort U0", "create", "part 1", "part 2", "complete U1"]
            );
            assert!(bench.position("reset") < bench.position("write intent"));
            let told = usize::from(abort == refuse(403, "AccessDenied"));
            assert_eq!(bench.upload.failures().len(), told);
        }
    }
}

#[test]
fn another_part_size_goes_on_with_the_old_one() {
    let plan = Plan::parts(3);
    let mut other = plan.clone();
    other.transfer.part_size = 3 * MIN_PART;
    let mut bench = resumed(&other, journal(&plan, &[1]));
    let result = bench.run(|sent| match sent.what.as_str() {
        "list" => page(&[1]),
        _ => accept(),
    });
    assert!(stored(&result));
    assert_eq!(bench.sends(), ["list", "part 2", "part 3", "complete U0"]);
}

#[test]
fn what_was_begun_without_our_learning_its_id_is_aborted() {
    let plan = Plan::parts(2);
    let mut entries = journal(&plan, &[]);
    entries.truncate(1);
    // The intent is of 22:13:20.
    let uploads = unfinished(&[
        ("a b", "early", "2023-11-14T21:58:19Z"),
        ("a b", "first", "2023-11-14T21:58:20Z"),
        ("a b", "last", "2023-11-14T22:28:20Z"),
        ("a b", "late", "2023-11-14T22:38:20Z"),
        ("a b/c", "other", "2023-11-14T22:13:21Z"),
    ]);
    let mut bench = resumed(&plan, entries);
    let result = bench.run(|sent| match sent.what.as_str() {
        "sweep" => uploads.clone(),
        _ => accept(),
    });
    assert!(stored(&result));
    assert_eq!(
        bench.sends(),
        [
            "sweep",
            "abort last",
            "abort first",
            "create",
            "part 1",
            "part 2",
            "complete U1"
        ]
    );
}

#[test]
fn a_role_that_may_not_sweep_goes_on_and_says_so() {
    let plan = Plan::parts(2);
    let mut entries = journal(&plan, &[]);
    entries.truncate(1);
    let mut bench = resumed(&plan, entries);
    let result = bench.run(|sent| match sent.what.as_str() {
        "sweep" => refuse(403, "AccessDenied"),
        _ => accept(),
    });
    assert!(stored(&result));
    assert_eq!(bench.sends()[..2], ["sweep", "create"]);
    assert_eq!(bench.upload.failures()[0].kind, ErrorKind::Denied);
}

#[test]
fn a_journal_that_says_nothing_to_us_is_forgotten() {
    let plan = Plan::parts(2);
    let of_version_2 = String::from_utf8(journal(&plan, &[])[0].clone()).unwrap();
    let of_version_2 = of_version_2.replace("\"v\":1", "\"v\":2").into_bytes();
    for entry in [of_version_2, b"{}".to_vec(), b"\xff".to_vec(), Vec::new()] {
        let mut bench = resumed(&plan, vec![entry]);
        assert!(stored(&bench.run(|_| accept())));
        assert_eq!(bench.log[0], "reset");
        assert_eq!(bench.sends()[0], "create");
    }
}

#[test]
fn an_upload_goes_on_without_a_journal() {
    let all = ["create", "part 1", "part 2", "complete U1"];
    let mut bench = Plan::parts(2).bench();
    bench.journal = Err(Error::new(ErrorKind::Unavailable, "damaged"));
    assert!(stored(&bench.run(|_| accept())));
    assert_eq!(bench.sends(), all);
    assert!(bench.writes().is_empty());
    assert_eq!(bench.upload.failures()[0].message, "damaged");

    let mut bench = Plan::parts(2).bench();
    bench.writable = false;
    assert!(stored(&bench.run(|_| accept())));
    assert_eq!(bench.sends(), all);
    assert_eq!(bench.writes(), ["intent"]);
    assert_eq!(bench.upload.failures()[0].message, "the disk is full");
}
