#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use sealift::put::Input;
use sealift_payload::{Change, Origin, Source, SourceError};

use super::*;

fn plan(count: usize) -> Plan {
    let item = |number: usize| Item {
        input: Input::File(number.to_string().into()),
        key: number.to_string(),
        size: Some(1),
        within: None,
    };
    Plan {
        bucket: "bucket".into(),
        items: (0..count).map(item).collect(),
        left_out: Vec::new(),
    }
}

fn global() -> Global {
    Global {
        config: None,
        component: None,
        json: false,
        verbose: 0,
        quiet: true,
    }
}

/// A file that somebody writes to: another try may well work.
fn changed() -> ItemError {
    ItemError::Source(SourceError::Changed {
        origin: Origin::File("f".into()),
        change: Change::Contents,
    })
}

/// A file that is not there.
fn missing() -> ItemError {
    Source::open(Path::new("/nonexistent/file"))
        .unwrap_err()
        .into()
}

/// What the call ends with if its files fail like this.
fn settled(errors: Vec<ItemError>) -> Failure {
    let (global, plan) = (global(), plan(errors.len()));
    let progress = Progress::new(&global, &plan, false);
    let mut tally = Tally::new(&global, &plan, &progress, 8);
    for (item, error) in plan.items.iter().zip(errors) {
        tally.finished(Finished {
            item,
            took: Duration::ZERO,
            outcome: Err(error),
            tries: Tries::default(),
        });
    }
    tally.settle().unwrap_err()
}

#[test]
fn one_failure_that_lasts_makes_the_call_fail_in_whatever_order() {
    let later = settled(vec![changed(), changed()]);
    assert_eq!(later.status, ExitStatus::TryLater);
    for errors in [vec![changed(), missing()], vec![missing(), changed()]] {
        let failure = settled(errors);
        assert_eq!(failure.status, ExitStatus::Failed);
        assert_eq!(failure.error.to_string(), "2 of 2 files were not uploaded");
    }
}

#[test]
fn the_error_of_the_only_file_is_the_error_of_the_call() {
    let failure = settled(vec![missing()]);
    assert_eq!(failure.status, ExitStatus::Failed);
    assert_eq!(failure.error.to_string(), "cannot open `/nonexistent/file`");
}
