//! Each kind of fault in each operation, once and for good, in what users do that asks for the operation, with what
//! has to come of it. A new kind does not compile without a fault here, and a new operation fails without a scenario.

#![allow(clippy::match_same_arms, unreachable_pub, reason = "tests")]

mod expected;
mod scenario;
mod specs;
mod trial;

use std::sync::Mutex;
use std::thread;

use localcloud::Operation;
use scenario::{Case, Scenario, usual};
use sealift_tests::Cloud;
use trial::Trial;

/// Faults that are tried at the same time: most of the time is spent waiting.
const AT_ONCE: usize = 8;

fn every_fault_of(operation: Operation) {
    let trials = Mutex::new(Trial::all(operation).into_iter().enumerate());
    let wrong = Mutex::new(Vec::new());
    let next = || trials.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let cloud = Cloud::start();
                while let Some((number, trial)) = next() {
                    let complaint = trial.run(&cloud, number);
                    wrong.lock().unwrap().extend(complaint);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

macro_rules! operations {
    ($($test:ident: $operation:ident,)+) => {
        $(
            #[test]
            fn $test() {
                every_fault_of(Operation::$operation);
            }
        )+

        #[test]
        fn every_operation_that_is_ever_asked_for_has_a_test() {
            let asked = Operation::ALL.into_iter().filter(|it| !Scenario::asking_for(*it).is_empty());
            assert_eq!(asked.collect::<Vec<_>>(), [$(Operation::$operation),+]);
        }
    };
}

operations! {
    of_abort_multipart_upload: AbortMultipartUpload,
    of_complete_multipart_upload: CompleteMultipartUpload,
    of_create_multipart_upload: CreateMultipartUpload,
    of_get_credentials: GetCredentials,
    of_head_object: HeadObject,
    of_list_multipart_uploads: ListMultipartUploads,
    of_list_parts: ListParts,
    of_put_object: PutObject,
    of_upload_part: UploadPart,
}

/// The scenarios are what they are thought to be, and nothing else is asked for.
#[test]
fn each_scenario_asks_for_what_it_needs_and_no_more() {
    let cloud = Cloud::start();
    for (number, scenario) in Scenario::ALL.into_iter().enumerate() {
        let case = Case::begin(&cloud, scenario, number);
        case.act(false).done();
        let counts = case.take_counts();
        for operation in Operation::ALL {
            assert_eq!(
                counts.requests(operation),
                usual(scenario, operation),
                "{operation} in {scenario:?}"
            );
        }
        assert_eq!(
            (case.is_made(), case.left()),
            (scenario.makes_an_object(), scenario.leaves())
        );
    }
}
