//! Components that misbehave are contained, and the user learns of it. One test for each file in
//! `guests/examples`, of the same name.

mod claims;
mod defects;
mod limits;
mod no_component;
mod reach;
mod releases;
mod secrets;

use std::path::Path;

use sealift_tests::{Cloud, Outcome, Program, guest};

use claims::*;
use defects::*;
use limits::*;
use reach::*;
use releases::*;
use secrets::*;

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// Does not compile when a component has no test.
macro_rules! demand_tests {
    ($($name:ident)*) => {
        const _: &[fn()] = &[$($name),*];
    };
}

for_each_guest!(demand_tests);

const CONTENTS: &[u8] = b"1;2;3\n";

/// The upload of a small file with a component.
fn put(cloud: &Cloud, component: impl AsRef<Path>) -> Program {
    let file = cloud.file("measurements.csv", CONTENTS);
    Program::on(cloud)
        .arg("put")
        .arg("--component")
        .arg(component.as_ref())
        .arg(file)
        .arg("s3://demo/key")
}

/// What the component of that name came to, with a limit set in the environment.
#[track_caller]
fn misbehaved(cloud: &Cloud, name: &str, (variable, value): (&str, &str)) -> Outcome {
    let outcome = put(cloud, guest(name)).env(variable, value).run();
    assert_eq!(
        outcome.stdout, "",
        "a component that misbehaves has uploaded nothing"
    );
    assert_eq!(cloud.counts().objects_put, 0);
    outcome
}

const NO_LIMIT: (&str, &str) = ("UNUSED", "");

/// The component of that name fails, and standard error tells `parts`.
#[track_caller]
fn fails(name: &str, limit: (&str, &str), parts: &[&str]) -> Cloud {
    let cloud = Cloud::start();
    misbehaved(&cloud, name, limit).failed(1, parts);
    cloud
}
