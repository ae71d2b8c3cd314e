//! Every refusal of the credentials provider is told with its cause and the command that cures it.

use std::time::Duration;

use localcloud::{ROLE_ALIAS, RoleAlias, THING_NAME};
use sealift_tests::{Cloud, Program};

const HOUR: Duration = Duration::from_hours(1);

/// Both commands that need credentials fail with status 1 and tell each of `parts`, and
/// nothing is stored.
#[track_caller]
fn refused(cloud: &Cloud, parts: &[&str]) {
    let outcome = Program::on(cloud).arg("credentials").run();
    outcome.failed(1, parts);
    assert_eq!(outcome.stdout, "");
    let file = cloud.file("f", "x");
    Program::on(cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/k")
        .run()
        .failed(1, parts);
    let counts = cloud.counts();
    // Not retried, and not asked for again by the second command: it would be refused again.
    assert_eq!(
        (
            counts.provider_requests,
            counts.credentials_issued,
            counts.s3_requests
        ),
        (1, 0, 0)
    );
}

#[test]
fn the_thing_is_not_attached_to_the_certificate() {
    let cloud = Cloud::start();
    cloud.registry().detach_thing(cloud.device(), THING_NAME);
    let cure = "hint: aws iot attach-thing-principal --thing-name thing_x --principal";
    refused(
        &cloud,
        &[
            "role alias `s3_role_alias`",
            "thing `thing_x` is not attached",
            cure,
        ],
    );
}

#[test]
fn no_policy_allows_the_alias() {
    let cloud = Cloud::start();
    cloud.registry().detach_policy(cloud.device(), ROLE_ALIAS);
    let cause = "no IoT policy of this certificate allows iot:AssumeRoleWithCertificate";
    refused(
        &cloud,
        &[
            cause,
            "hint: aws iot attach-policy --target",
            "rolealias/s3_role_alias",
        ],
    );
}

#[test]
fn the_certificate_is_not_active() {
    let cloud = Cloud::start();
    cloud.registry().set_active(cloud.device(), false);
    let cure = "aws iot update-certificate --certificate-id CERTIFICATE_ID --new-status ACTIVE";
    refused(
        &cloud,
        &[
            "the certificate is not active",
            "aws iot describe-endpoint --endpoint-type",
            cure,
        ],
    );
}

#[test]
fn the_alias_does_not_exist() {
    let cloud = Cloud::start();
    cloud.registry().remove_role_alias(ROLE_ALIAS);
    refused(
        &cloud,
        &[
            "role alias `s3_role_alias`: it does not exist",
            "aws iot list-role-aliases",
        ],
    );
}

#[test]
fn the_role_does_not_trust_the_provider() {
    let cloud = Cloud::start();
    let alias = RoleAlias {
        duration: HOUR,
        max_session_duration: HOUR,
        assumable: false,
    };
    cloud.registry().set_role_alias(ROLE_ALIAS, alias);
    let cause = "its role does not exist or does not trust credentials.iot.amazonaws.com";
    let look = "aws iot describe-role-alias --role-alias s3_role_alias";
    refused(
        &cloud,
        &[cause, look, "aws iam update-assume-role-policy --role-name"],
    );
}

#[test]
fn the_alias_asks_for_longer_sessions_than_the_role_allows() {
    let cloud = Cloud::start();
    let alias = RoleAlias {
        duration: 2 * HOUR,
        max_session_duration: HOUR,
        assumable: true,
    };
    cloud.registry().set_role_alias(ROLE_ALIAS, alias);
    let cure =
        "hint: aws iot update-role-alias --role-alias s3_role_alias --credential-duration-seconds";
    refused(
        &cloud,
        &["longer sessions than its role's MaxSessionDuration", cure],
    );
}

#[test]
fn another_alias_is_named_in_cause_and_cure() {
    let cloud = Cloud::start();
    let outcome = Program::on(&cloud)
        .env("SEALIFT_CREDENTIALS_ROLE_ALIAS", "a=b,c@d-e_f")
        .arg("credentials")
        .run();
    outcome.failed(
        1,
        &[
            "role alias `a=b,c@d-e_f`: it does not exist",
            "--role-alias a=b,c@d-e_f",
        ],
    );
}

#[test]
fn nothing_listens_at_the_endpoint() {
    let cloud = Cloud::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let outcome = Program::on(&cloud)
        .env("SEALIFT_CREDENTIALS_ENDPOINT", &address)
        .arg("credentials")
        .run();
    outcome.failed(
        75,
        &["could not connect to 127.0.0.1", "nothing listens there"],
    );
}
