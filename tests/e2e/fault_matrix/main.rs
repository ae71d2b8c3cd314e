//! Each kind of fault in each operation, once and for good, in what users do that asks for the operation, with what
//! has to come of it. A new kind does not compile without a fault here, a new operation not without a scenario.
#![allow(
    clippy::unwrap_used,
    clippy::match_same_arms,
    unreachable_pub,
    reason = "tests"
)]

mod expected;
mod scenario;
mod specs;

use std::sync::Mutex;
use std::thread;

use expected::{Expected, Frequency, expected};
use localcloud::{FaultKind, Operation};
use scenario::{Case, Scenario, usual};
use sealift_tests::Cloud;
use specs::Spec;

/// Faults that are tried at the same time: most of the time is spent waiting.
const AT_ONCE: usize = 8;

/// What has to be done for each operation to be asked for; nothing where it never is.
fn scenarios(operation: Operation) -> &'static [Scenario] {
    match operation {
        Operation::GetCredentials | Operation::PutObject => &[Scenario::Put],
        Operation::CreateMultipartUpload
        | Operation::UploadPart
        | Operation::CompleteMultipartUpload => &[Scenario::Parts],
        Operation::HeadObject => &[Scenario::Skip],
        Operation::ListParts => &[Scenario::Resume],
        Operation::AbortMultipartUpload => &[Scenario::Changed, Scenario::Abort],
        Operation::ListMultipartUploads => &[Scenario::Strays, Scenario::List],
        Operation::CreateBucket
        | Operation::DeleteObject
        | Operation::GetBucketLocation
        | Operation::GetObject
        | Operation::GetObjectAcl
        | Operation::GetObjectLegalHold
        | Operation::GetObjectRetention
        | Operation::GetObjectTagging
        | Operation::HeadBucket
        | Operation::ListBuckets
        | Operation::ListObjects
        | Operation::ListObjectsV2
        | Operation::Unknown => &[],
    }
}

/// One fault to be tried.
#[derive(Clone, Copy, Debug)]
struct Trial {
    operation: Operation,
    scenario: Scenario,
    spec: &'static Spec,
    frequency: Frequency,
}

impl Trial {
    fn all(operation: Operation) -> Vec<Self> {
        let mut trials = Vec::new();
        for kind in FaultKind::ALL {
            if !kind.fits(operation) {
                continue;
            }
            for spec in specs::of(kind) {
                for scenario in scenarios(operation).iter().copied() {
                    for frequency in [Frequency::Once, Frequency::Always] {
                        trials.push(Self {
                            operation,
                            scenario,
                            spec,
                            frequency,
                        });
                    }
                }
            }
        }
        trials
    }

    fn fault(&self) -> String {
        let Self {
            operation, spec, ..
        } = self;
        match self.frequency {
            Frequency::Once => format!("{operation}:{},times=1", spec.text),
            Frequency::Always => format!("{operation}:{}", spec.text),
        }
    }

    /// Tries it; what is not as it should be, in words.
    fn run(&self, cloud: &Cloud, number: usize) -> Vec<String> {
        let case = Case::begin(cloud, self.scenario, number);
        cloud.set_faults(vec![self.fault().parse().unwrap()]);
        let outcome = case.act(self.spec.text.starts_with("stall=60"));
        let counts = case.take_counts();
        let seen = Expected {
            status: outcome.status,
            made: case.is_made(),
            left: case.left(),
            most: counts.requests(self.operation),
            parts: counts.requests(Operation::UploadPart),
            told: outcome.stdout.contains(self.spec.told)
                || outcome.stderr.contains(self.spec.told),
        };
        let wanted = expected(self.operation, self.scenario, self.spec, self.frequency);
        let mut wrong = Vec::new();
        let is_right = (seen.status, seen.made, seen.left)
            == (wanted.status, wanted.made, wanted.left)
            && seen.most <= wanted.most
            && seen.parts <= wanted.parts
            && (seen.told || !wanted.told);
        if !is_right {
            wrong.push(format!("seen {seen:?}\n  wanted {wanted:?}"));
        }
        if counts.faults == 0 {
            wrong.push("it never happened".to_owned());
        }
        cloud.set_faults(Vec::new());
        // What the user does when the trouble is over.
        let again = match seen.status {
            0 => None,
            _ => Some(case.act(false)),
        };
        let made = case.is_made() == self.scenario.makes_an_object();
        if again.as_ref().is_some_and(|again| again.status != 0) || !made {
            wrong.push(format!("it does not go well afterwards: {again:?}"));
        }
        let cleared = case.left() == 0 || self.scenario == Scenario::List;
        if again.is_some() && !cleared {
            wrong.push(format!("{} uploads are left over in the end", case.left()));
        }
        let sent = cloud.take_counts().requests(Operation::UploadPart);
        if seen.made && sent > 0 {
            wrong.push(format!("{sent} parts are sent again of what is there"));
        }
        if !wrong.is_empty() {
            wrong.push(format!("{} {}", outcome.stdout, outcome.stderr));
        }
        wrong
    }
}

fn every_fault_of(operation: Operation) {
    let trials = Mutex::new(Trial::all(operation).into_iter().enumerate());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let cloud = Cloud::start();
                loop {
                    let Some((number, trial)) = trials.lock().unwrap().next() else {
                        break;
                    };
                    let complaints = trial.run(&cloud, number);
                    if !complaints.is_empty() {
                        let complaints = complaints.join("\n  ");
                        let Trial {
                            scenario,
                            frequency,
                            ..
                        } = trial;
                        let what = format!("{} ({scenario:?}, {frequency:?})", trial.fault());
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{what}:\n  {complaints}"));
                    }
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
            let asked = Operation::ALL.into_iter().filter(|it| !scenarios(*it).is_empty());
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
        let left = usize::from(scenario == Scenario::List);
        assert_eq!(
            (case.is_made(), case.left()),
            (scenario.makes_an_object(), left)
        );
    }
}
