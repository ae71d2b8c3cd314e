//! Credentials that the store rejects, and a vault that has none.

use std::num::NonZeroU8;

use super::bench::{at, keys};
use super::plan::Plan;
use super::store::{accept, refuse, unfinished};
use crate::error::ErrorKind;
use crate::retry::Policy;
use crate::upload::{Action, Event, Outcome, Upload};

#[test]
fn rejected_credentials_are_renewed_once_and_without_a_wait() {
    for code in [
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidTokenId",
        "InvalidToken",
    ] {
        let mut bench = Plan::put(7).bench();
        let mut signers = Vec::new();
        let result = bench.run(|sent| {
            signers.push(sent.key().to_owned());
            refuse(400, code)
        });
        assert_eq!(result.unwrap_err().kind, ErrorKind::ExpiredCredentials);
        assert_eq!(signers, ["KEY0", "KEY1"]);
        assert_eq!(bench.count("reject KEY0"), 1);
        assert_eq!(bench.now, at(0));
    }
}

#[test]
fn the_same_rejected_credentials_are_not_sent_again() {
    let mut bench = Plan::put(7).bench();
    let sent = bench.expect_sent();
    bench.tell(refuse(400, "ExpiredToken").event(&sent));
    loop {
        match bench.upload.next(at(0)) {
            Action::Report(_) => bench.tell(Event::GoOn),
            Action::Credentials { rejected } => {
                assert_eq!(rejected.as_deref(), Some("KEY0"));
                bench.tell(Event::Credentials(Ok(keys("KEY0"))));
            }
            Action::Done(result) => {
                let error = result.unwrap_err();
                assert_eq!(error.kind, ErrorKind::ExpiredCredentials);
                assert!(error.message.contains("`KEY0`"), "{error}");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_vault_that_fails_for_now_is_asked_again() {
    let mut bench = Plan::put(7).bench();
    bench.vault_fails = vec![ErrorKind::Unavailable];
    let result = bench.run(|_| accept());
    let Ok(Outcome::Stored(uploaded)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(uploaded.attempts, 1);
    assert_eq!(uploaded.failures[0].kind, ErrorKind::Unavailable);
}

#[test]
fn a_vault_that_refuses_ends_the_job() {
    let mut bench = Plan::put(7).bench();
    bench.vault_fails = vec![ErrorKind::Denied];
    let error = bench.run(|_| accept()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(bench.sends().is_empty());
}

#[test]
fn credentials_that_were_rejected_stay_rejected_while_the_vault_has_no_others() {
    let mut bench = Plan::put(7).bench();
    let sent = bench.expect_sent();
    bench.vault_fails = vec![ErrorKind::Unavailable];
    let expired = refuse(400, "ExpiredToken").event(&sent);
    bench.tell(expired);
    let again = bench.expect_sent();
    assert_eq!(again.key(), "KEY1");
    assert_eq!(bench.count("reject KEY0"), 1);
}

#[test]
fn a_renewal_costs_no_attempt() {
    for attempts in [1, 3] {
        let plan = Plan::parts(2);
        let policy = Policy {
            max_attempts: NonZeroU8::new(attempts).unwrap(),
            ..Policy::default()
        };
        let mut bench = plan.bench();
        bench.upload = Upload::new(plan.job(), policy, at(0));
        // The last attempt is the one that the store rejects.
        let result = bench.run(|sent| match (sent.what.as_str(), sent.key()) {
            ("create", "KEY0") if sent.nth < attempts.into() => refuse(503, "SlowDown"),
            ("create", "KEY0") => refuse(400, "ExpiredToken"),
            ("sweep", _) => unfinished(&[]),
            _ => accept(),
        });
        let Ok(Outcome::Stored(uploaded)) = result else {
            panic!("{attempts}: {result:?}");
        };
        assert_eq!(bench.count("send create"), usize::from(attempts) + 1);
        let last = uploaded.failures.last().unwrap();
        assert_eq!(last.kind, ErrorKind::ExpiredCredentials);
    }
}

#[test]
fn a_renewal_is_no_second_beginning() {
    let mut bench = Plan::parts(2).bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("create", 1) => refuse(400, "ExpiredToken"),
        _ => accept(),
    });
    assert!(matches!(result, Ok(Outcome::Stored(_))));
    // What was rejected has begun nothing that would have to be looked for.
    let sends = bench.sends();
    assert_eq!(sends[..2], ["create", "create"]);
    assert_eq!(sends[2..], ["part 1", "part 2", "complete U2"]);
}
