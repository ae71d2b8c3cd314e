//! Programs that may have credentials.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sealift_config::Environment;
use sealift_serve::{EndpointEnvironment, Error, FetchError, Recipient, Settings};

use crate::support::{SECRET, SESSION_TOKEN, Stage, config};

const LOGGER: &str = "[clients.logger]\nrole_alias = \"logs\"";

#[tokio::test]
async fn the_answer_is_what_sdks_expect() {
    let stage = Stage::new("");
    let reply = stage.credentials("default").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let expected = serde_json::json!({
        "AccessKeyId": "ASIA-DEFAULT",
        "SecretAccessKey": SECRET,
        "Token": SESSION_TOKEN,
        "Expiration": "2026-01-01T01:00:00Z",
    });
    assert_eq!(reply.json(), expected);
    assert!(
        reply.head.contains("content-type: application/json"),
        "{reply:?}"
    );
    assert!(reply.head.contains("cache-control: no-store"), "{reply:?}");
}

#[tokio::test]
async fn each_client_gets_the_credentials_of_its_role() {
    let stage = Stage::new(LOGGER);
    assert_eq!(
        stage.credentials("default").await.json()["AccessKeyId"],
        "ASIA-DEFAULT"
    );
    assert_eq!(
        stage.credentials("logger").await.json()["AccessKeyId"],
        "ASIA-logs"
    );
    let fetches = stage.world.fetches.lock().unwrap().clone();
    assert_eq!(fetches, [None, Some("logs".to_owned())]);
}

#[tokio::test]
async fn clients_of_one_role_share_its_credentials() {
    let stage = Stage::new("[clients.logger]");
    stage.credentials("default").await;
    assert_eq!(stage.credentials("logger").await.status, 200);
    assert_eq!(stage.fetches(), 1);
    let recipients: Vec<_> = stage
        .handouts()
        .iter()
        .map(|handout| handout.recipient.to_string())
        .collect();
    assert_eq!(recipients, ["client default", "client logger"]);
}

#[tokio::test]
async fn what_is_handed_out_is_on_record_without_secrets() {
    let stage = Stage::new(LOGGER);
    stage.credentials("logger").await;
    let handouts = stage.handouts();
    assert_eq!(handouts.len(), 1);
    assert_eq!(
        handouts[0].recipient,
        Recipient::Client("logger".parse().unwrap())
    );
    assert_eq!(handouts[0].role.as_ref().unwrap().as_str(), "logs");
    assert_eq!(handouts[0].access_key_id, "ASIA-logs");
    assert!(!format!("{handouts:?}").contains("hunter"));
}

#[tokio::test]
async fn nothing_is_handed_out_that_cannot_be_recorded() {
    let stage = Stage::new("");
    *stage.world.audit_is_full.lock().unwrap() = true;
    let reply = stage.credentials("default").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.code(), "AuditUnavailable");
    assert!(!reply.body.contains("hunter"), "{reply:?}");
}

#[tokio::test]
async fn the_status_tells_sdks_whether_to_try_again() {
    for (status, retryable, expected, code) in [
        (None, true, 503, "CredentialsUnavailable"),
        (Some(500), true, 500, "CredentialsUnavailable"),
        (Some(429), true, 429, "CredentialsUnavailable"),
        (Some(403), true, 503, "CredentialsUnavailable"),
        (Some(403), false, 403, "CredentialsRefused"),
        (Some(404), false, 404, "CredentialsRefused"),
        (Some(500), false, 400, "CredentialsRefused"),
        (Some(429), false, 400, "CredentialsRefused"),
        (Some(9999), false, 400, "CredentialsRefused"),
        (None, false, 400, "CredentialsRefused"),
    ] {
        let stage = Stage::new("");
        *stage.world.failure.lock().unwrap() = Some(FetchError {
            message: "role alias `uploads` does not exist".to_owned(),
            status,
            retryable,
        });
        let reply = stage.credentials("default").await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (expected, code),
            "{status:?}"
        );
        assert_eq!(
            reply.json()["message"],
            "role alias `uploads` does not exist"
        );
    }
}

#[tokio::test]
async fn a_changed_configuration_brings_other_credentials() {
    let stage = Stage::new("");
    stage.credentials("default").await;
    stage.credentials("default").await;
    assert_eq!(stage.fetches(), 1);
    stage.control.clear_credentials();
    assert_eq!(stage.credentials("default").await.status, 200);
    assert_eq!(stage.fetches(), 2);
}

#[tokio::test]
async fn tokens_are_kept_across_restarts() {
    let mut stage = Stage::new("");
    let (token, file) = (stage.token("default"), stage.token_file("default"));
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    stage.stop().await;
    let config = config("listen = \"127.0.0.1:0\"", stage.state.path());
    let settings = Settings::of(&config, &Environment::default()).unwrap();
    let again = Stage::with(settings, stage.state).unwrap();
    assert_eq!(again.token("default"), token);
    assert_eq!(again.credentials("default").await.status, 200);
}

#[tokio::test]
async fn an_ephemeral_server_leaves_nothing_behind() {
    let mut stage = Stage::ephemeral();
    assert_eq!(stage.credentials("default").await.status, 200);
    assert_eq!(stage.variable("default", "AWS_REGION"), "eu-central-1");
    assert_eq!(
        stage.variable("default", "AWS_DEFAULT_REGION"),
        "eu-central-1"
    );
    let file = stage.token_file("default");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    stage.stop().await;
    assert_eq!(fs::read_dir(stage.state.path()).unwrap().count(), 0);
}

#[test]
fn credentials_in_the_environment_do_not_go_before_the_endpoint() {
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ] {
        assert!(EndpointEnvironment::REMOVED.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_port_that_another_program_has_is_an_error_that_names_the_key() {
    let first = Stage::new("");
    let state = tempfile::tempdir().unwrap();
    let listen = format!("listen = \"{}\"", first.addresses.credentials);
    let settings = Settings::of(&config(&listen, state.path()), &Environment::default()).unwrap();
    let Err(error) = Stage::with(settings, state) else {
        panic!("two servers on one port");
    };
    assert!(
        matches!(
            error,
            Error::Listen {
                key: "service.listen",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_was_stopped_listens_no_more() {
    let mut stage = Stage::new("");
    stage.stop().await;
    let refused = tokio::net::TcpStream::connect(stage.addresses.credentials).await;
    assert_eq!(
        refused.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionRefused
    );
}
