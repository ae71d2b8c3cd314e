//! One fault in one operation, tried in one scenario.

use localcloud::{FaultKind, Operation};
use sealift_tests::{Cloud, Outcome};

use super::expected::Expected;
use super::scenario::{Case, Scenario};
use super::specs::{self, Spec};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    Once,
    Always,
}

#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub operation: Operation,
    pub scenario: Scenario,
    pub spec: &'static Spec,
    pub frequency: Frequency,
}

impl Trial {
    /// Every fault that the operation can have, in every scenario that asks for it.
    pub fn all(operation: Operation) -> Vec<Self> {
        let kinds = FaultKind::ALL.into_iter();
        let specs = kinds
            .filter(|kind| kind.fits(operation))
            .flat_map(specs::of);
        let mut trials = Vec::new();
        for spec in specs {
            for scenario in Scenario::asking_for(operation).iter().copied() {
                for frequency in [Frequency::Once, Frequency::Always] {
                    if frequency == Frequency::Once || spec.effect.can_last() {
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
        let (operation, spec) = (self.operation, self.spec.text);
        match self.frequency {
            Frequency::Once => format!("{operation}:{spec},times=1"),
            Frequency::Always => format!("{operation}:{spec}"),
        }
    }

    /// Tries it; what is not as it should be, in words.
    pub fn run(&self, cloud: &Cloud, number: usize) -> Option<String> {
        let case = Case::begin(cloud, self.scenario, number);
        cloud.set_faults(vec![self.fault().parse().unwrap()]);
        let outcome = case.act(self.spec.text.starts_with("stall"));
        let counts = case.take_counts();
        let seen = Expected {
            status: outcome.status,
            made: case.is_made(),
            left: case.left(),
            most: counts.requests(self.operation),
            parts: counts.requests(Operation::UploadPart),
            told: self.is_told(&outcome),
        };
        cloud.set_faults(Vec::new());
        case.cool_down();
        let mut wrong = Vec::new();
        if counts.faults == 0 {
            wrong.push("it never happened".to_owned());
        }
        let wanted = Expected::of(self);
        if !seen.is(&wanted) {
            wrong.push(format!("seen {seen:?}\n  wanted {wanted:?}"));
        }
        wrong.extend(self.goes_wrong_afterwards(&case, &seen));
        if wrong.is_empty() {
            return None;
        }
        let what = format!(
            "{} ({:?}, {:?})",
            self.fault(),
            self.scenario,
            self.frequency
        );
        let Outcome { stdout, stderr, .. } = outcome;
        Some(format!(
            "{what}:\n  {}\n{stdout}{stderr}",
            wrong.join("\n  ")
        ))
    }

    /// What the user does when the trouble is over, and what is not as it should be then.
    fn goes_wrong_afterwards(&self, case: &Case<'_>, seen: &Expected) -> Option<String> {
        if seen.status == 0 {
            return None;
        }
        let again = case.act(false);
        if again.status != 0 || case.is_made() != self.scenario.makes_an_object() {
            return Some(format!("it does not go well afterwards: {again:?}"));
        }
        if case.left() != self.scenario.leaves() {
            return Some(format!("{} uploads are left in the end", case.left()));
        }
        let sent = case.take_counts().requests(Operation::UploadPart);
        (seen.made && sent > 0).then(|| format!("{sent} parts are sent again of what is there"))
    }

    /// Whether the user reads what went wrong.
    fn is_told(&self, outcome: &Outcome) -> bool {
        // What the provider says is told in the words of its causes.
        let told = match self.operation {
            Operation::GetCredentials => "credentials",
            _ => self.spec.told,
        };
        outcome.stdout.contains(told) || outcome.stderr.contains(told)
    }
}
