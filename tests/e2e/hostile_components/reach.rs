//! Where a component must not get.

use localcloud::RoleAlias;
use sealift_tests::{Cloud, Program, guest};

use super::{NO_LIMIT, fails, misbehaved};

#[test]
pub(crate) fn opens_socket() {
    let cloud = fails(
        "opens_socket",
        NO_LIMIT,
        &["imports what this host does not offer", "wasi:sockets/"],
    );
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
pub(crate) fn calls_forbidden_origin() {
    fails("calls_forbidden_origin", NO_LIMIT, &["HttpRequestDenied"]);
}

#[test]
pub(crate) fn asks_for_another_role() {
    let cloud = Cloud::start();
    let hour = std::time::Duration::from_hours(1);
    let admin = RoleAlias {
        duration: hour,
        max_session_duration: hour,
        assumable: true,
    };
    cloud.registry().set_role_alias("admin", admin);
    cloud.registry().attach_policy(cloud.device(), "admin");
    misbehaved(&cloud, "asks_for_another_role", NO_LIMIT).failed(1, &["10 of 10 denied"]);
    assert_eq!(
        (
            cloud.counts().provider_connections,
            cloud.counts().credentials_issued
        ),
        (0, 0)
    );
}

/// Each instance that fetches reaches its own role alias, whatever else the configuration names.
#[test]
pub(crate) fn fetches_for_another_role() {
    let cloud = Cloud::start();
    cloud.add_client("logger", "logs");
    for (of, own, other) in [
        (&[][..], "s3_role_alias", "logs"),
        (&["--role-alias=logs"], "logs", "s3_role_alias"),
    ] {
        let ask = "curl --silent --header \"Authorization: $(cat \"$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\")\" \
                   \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"";
        let outcome = Program::on(&cloud)
            .env("PATH", "/usr/bin:/bin")
            .arg("--component")
            .arg(guest("fetches_for_another_role"))
            .arg("exec")
            .args(of)
            .args(["--", "sh", "-c", ask])
            .run();
        let refusal = format!("{own} got no {other}: ErrorCode::HttpRequestDenied");
        assert!(outcome.done().contains(&refusal), "{outcome:?}");
    }
    assert_eq!(cloud.counts().provider_connections, 0);
}

#[test]
pub(crate) fn fetches_while_uploading() {
    let cloud = fails(
        "fetches_while_uploading",
        NO_LIMIT,
        &["the egress policy allows no GET request"],
    );
    assert_eq!(cloud.counts().provider_requests, 0);
}
