//! A bucket in another region than was thought.

use super::bench::Sent;
use super::plan::Plan;
use super::store::{Reply, accept, answer};
use crate::error::ErrorKind;
use crate::upload::Outcome;

fn elsewhere(region: &str) -> Reply {
    let body = "<Error><Code>PermanentRedirect</Code></Error>";
    answer(301, &[("x-amz-bucket-region", region)], body)
}

fn host(sent: &Sent) -> &str {
    sent.request.uri().host().unwrap()
}

#[test]
fn a_bucket_elsewhere_is_followed_once_and_remembered() {
    for plan in [Plan::put(7), Plan::parts(2)] {
        let mut plan = plan;
        plan.endpoint = "aws";
        let mut bench = plan.bench();
        let result = bench.run(|sent| {
            if host(sent) == "abc.s3.eu-west-1.amazonaws.com" {
                return elsewhere("eu-central-1");
            }
            assert_eq!(host(sent), "abc.s3.eu-central-1.amazonaws.com");
            let signed = sent.header("authorization").unwrap();
            assert!(signed.contains("/eu-central-1/s3/"), "{signed}");
            accept()
        });
        let Ok(Outcome::Stored(uploaded)) = result else {
            panic!("{result:?}");
        };
        assert!(uploaded.failures.is_empty());
        assert_eq!(bench.count("remember eu-central-1"), 1);
        let first = bench.sends()[0].to_owned();
        assert_eq!(bench.sends()[1], first);
        assert_eq!(bench.count("attempt 2"), 0);
    }
}

#[test]
fn a_store_that_keeps_pointing_elsewhere_is_not_followed() {
    let mut plan = Plan::put(7);
    plan.endpoint = "aws";
    let mut bench = plan.bench();
    let result = bench.run(|sent| match sent.nth {
        1 => elsewhere("eu-central-1"),
        _ => elsewhere("eu-west-1"),
    });
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::InvalidInput, Some(301))
    );
    assert_eq!(bench.sends(), ["put", "put"]);
}
