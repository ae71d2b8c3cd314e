//! The emulated instance metadata service.

use sealift_serve::{FetchError, Recipient};

use crate::support::{Reply, SECRET, SESSION_TOKEN, Stage, over_tcp};

const ON: &str = "imds_listen = \"127.0.0.1:0\"";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

async fn ask(stage: &Stage, method: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut all = vec![("host", "127.0.0.1")];
    all.extend(fields);
    over_tcp(stage.addresses.imds.unwrap(), method, path, &all).await
}

async fn session(stage: &Stage) -> String {
    let ttl = [("x-aws-ec2-metadata-token-ttl-seconds", "21600")];
    let reply = ask(stage, "PUT", "/latest/api/token", &ttl).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(
        reply
            .head
            .contains("x-aws-ec2-metadata-token-ttl-seconds: 21600"),
        "{reply:?}"
    );
    reply.body
}

#[tokio::test]
async fn it_is_off_unless_it_is_configured() {
    let stage = Stage::new("");
    assert_eq!(stage.addresses.imds, None);
    let ttl = [
        ("host", "127.0.0.1"),
        ("x-aws-ec2-metadata-token-ttl-seconds", "60"),
    ];
    let reply = over_tcp(
        stage.addresses.credentials,
        "PUT",
        "/latest/api/token",
        &ttl,
    )
    .await;
    assert_ne!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn the_flow_of_sdks_brings_credentials() {
    let stage = Stage::new(ON);
    let token = session(&stage).await;
    let shown = [("x-aws-ec2-metadata-token", token.as_str())];
    let roles = ask(&stage, "GET", ROLES, &shown).await;
    assert_eq!((roles.status, roles.body.as_str()), (200, "uploads"));
    let reply = ask(&stage, "GET", &format!("{ROLES}uploads"), &shown).await;
    let expected = serde_json::json!({
        "Code": "Success",
        "LastUpdated": "2026-01-01T00:00:00Z",
        "Type": "AWS-HMAC",
        "AccessKeyId": "ASIA-DEFAULT",
        "SecretAccessKey": SECRET,
        "Token": SESSION_TOKEN,
        "Expiration": "2026-01-01T01:00:00Z",
    });
    assert_eq!(reply.json(), expected);
    assert_eq!(stage.handouts()[0].recipient, Recipient::Imds);
    let region = ask(&stage, "GET", "/latest/meta-data/placement/region", &shown).await;
    assert_eq!(region.body, "eu-central-1");
}

#[tokio::test]
async fn version_1_without_a_session_is_refused() {
    let stage = Stage::new(ON);
    for path in [ROLES, "/latest/meta-data/iam/security-credentials/uploads"] {
        for fields in [vec![], vec![("x-aws-ec2-metadata-token", "x")]] {
            let reply = ask(&stage, "GET", path, &fields).await;
            assert_eq!((reply.status, reply.code().as_str()), (401, "NoSession"));
        }
    }
    assert_eq!(stage.fetches(), 0);
}

#[tokio::test]
async fn a_session_lasts_from_a_second_to_six_hours() {
    let stage = Stage::new(ON);
    for ttl in ["0", "21601", "x", ""] {
        let fields = [("x-aws-ec2-metadata-token-ttl-seconds", ttl)];
        let reply = ask(&stage, "PUT", "/latest/api/token", &fields).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (400, "BadTtl"),
            "{ttl}"
        );
    }
    let reply = ask(&stage, "PUT", "/latest/api/token", &[]).await;
    assert_eq!(reply.code(), "BadTtl");
    let fields = [("x-aws-ec2-metadata-token-ttl-seconds", "60")];
    let reply = ask(&stage, "GET", "/latest/api/token", &fields).await;
    assert_eq!(reply.status, 405);
    assert!(reply.head.contains("allow: put"), "{reply:?}");
}

#[tokio::test]
async fn a_session_through_a_proxy_is_refused() {
    let stage = Stage::new(ON);
    let fields = [
        ("x-aws-ec2-metadata-token-ttl-seconds", "60"),
        ("X-Forwarded-For", "192.0.2.7"),
    ];
    let reply = ask(&stage, "PUT", "/latest/api/token", &fields).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (403, "ForwardedRequest")
    );
}

#[tokio::test]
async fn another_role_is_none_and_nothing_else_is_told() {
    let stage = Stage::new(ON);
    let token = session(&stage).await;
    let shown = [("x-aws-ec2-metadata-token", token.as_str())];
    for path in [
        "/latest/meta-data/iam/security-credentials/other",
        "/latest/user-data",
        "/latest/meta-data/",
        "/credentials",
        "/metrics",
    ] {
        let reply = ask(&stage, "GET", path, &shown).await;
        assert_eq!(reply.status, 404, "{path}");
    }
    assert_eq!(stage.fetches(), 0);
}

#[tokio::test]
async fn a_failed_fetch_is_told() {
    let stage = Stage::new(ON);
    *stage.world.failure.lock().unwrap() = Some(FetchError {
        message: "the link is down".to_owned(),
        status: None,
        retryable: true,
    });
    let token = session(&stage).await;
    let shown = [("x-aws-ec2-metadata-token", token.as_str())];
    let reply = ask(&stage, "GET", &format!("{ROLES}uploads"), &shown).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["message"], "the link is down");
}
