//! Devices outside of AWS IoT Core: the component starts a session of IAM Roles Anywhere with a signature
//! that the host makes for it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use localcloud::{Certificate, KeyType, Operation, RolesAnywhere, Validity};
use sealift_tests::{Aws, Cloud, Program, Server};
use serde_json::{Value, json};

const CONTENTS: &[u8] = b"1;2;3\n";

fn put(cloud: &Cloud) -> Program {
    Program::with_roles_anywhere(cloud)
        .arg("put")
        .arg(cloud.file("measurements.csv", CONTENTS))
        .arg("s3://demo/key")
}

/// The device gets this certificate, with those of its issuers, and its key.
fn become_device(cloud: &Cloud, certificate: &Certificate, issuers: &str) {
    let paths = cloud.paths();
    let chain = format!("{}{issuers}", certificate.certificate_pem());
    std::fs::write(&paths.certificate, chain).unwrap();
    std::fs::write(&paths.key, certificate.key_pem()).unwrap();
}

fn issue(cloud: &Cloud, key: KeyType) -> Certificate {
    let authority = cloud.authority();
    authority
        .issue("gateway-7", key, Validity::default())
        .unwrap()
}

fn audit_log(cloud: &Cloud) -> Vec<Value> {
    let log = std::fs::read_to_string(cloud.path("state/sealift/audit.jsonl")).unwrap();
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The next call asks again.
fn forget_refusals(cloud: &Cloud) {
    std::fs::remove_file(cloud.path("state/sealift/refusals.json")).unwrap();
}

/// No object is stored, no credentials are handed out, and the error tells each of `parts`.
#[track_caller]
fn refused(cloud: &Cloud, status: i32, parts: &[&str]) {
    put(cloud).run().failed(status, parts);
    let counts = cloud.counts();
    assert_eq!((counts.credentials_issued, counts.s3_requests), (0, 0));
    // Not asked again: it would be refused again.
    assert_eq!(counts.requests(Operation::CreateSession), 1);
}

#[test]
fn a_file_becomes_an_object_with_keys_of_each_kind() {
    for key in [KeyType::Rsa2048, KeyType::EcdsaP256] {
        let cloud = Cloud::start();
        become_device(&cloud, &issue(&cloud, key), "");
        put(&cloud).run().done();
        assert_eq!(cloud.object("demo", "key").unwrap(), CONTENTS);
        let counts = cloud.counts();
        assert_eq!(counts.requests(Operation::CreateSession), 1, "{key:?}");
        // No handshake with the device identity.
        assert_eq!(counts.provider_connections, 0);
    }
}

#[test]
fn a_signature_is_in_the_audit_log() {
    let cloud = Cloud::start();
    put(&cloud).run().done();
    let events = audit_log(&cloud);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["event"], "signature");
    assert_eq!(events[0]["purpose"], "roles-anywhere");
    assert_eq!(events[0].get("refused"), None);
    let show = Program::on(&cloud).args(["--json", "key", "show"]).run();
    let fingerprint = &show.json()[0]["certificate"]["fingerprint"];
    assert_eq!(events[0]["certificate"], *fingerprint);
}

#[test]
fn without_a_record_of_it_there_is_no_signature() {
    let cloud = Cloud::start();
    std::fs::create_dir_all(cloud.path("state/sealift/audit.jsonl")).unwrap();
    let parts = [
        "no signature without a record of it",
        "audit.jsonl",
        "directory",
    ];
    put(&cloud).run().failed(75, &parts);
    assert_eq!(cloud.counts().requests(Operation::CreateSession), 0);
}

#[test]
fn issuers_of_the_certificate_are_sent_along() {
    let cloud = Cloud::start();
    let validity = Validity::default();
    let factory = cloud.authority().subordinate("factory", validity).unwrap();
    let line = factory.subordinate("line 3", validity).unwrap();
    let device = line.issue("gateway-7", KeyType::EcdsaP256, validity);
    let device = device.unwrap();
    become_device(&cloud, &device, "");
    refused(
        &cloud,
        1,
        &[
            "no chain of valid certificates leads from the device's to trust anchor `arn:",
            "hint: put the issuers of the certificate behind it in the file of device.certificate",
        ],
    );
    let issuers = format!(
        "{}{}{}",
        line.certificate_pem(),
        factory.certificate_pem(),
        cloud.authority().certificate_pem()
    );
    become_device(&cloud, &device, &issuers);
    forget_refusals(&cloud);
    put(&cloud).run().done();
}

#[test]
fn a_clock_that_is_two_hours_off_either_way_is_set_right_by_the_refusal() {
    for offset in [-7200_i64, 7200] {
        let cloud =
            Cloud::start_with(|settings| settings.clock_offset = offset.try_into().unwrap());
        put(&cloud).run().done();
        assert_eq!(cloud.counts().requests(Operation::CreateSession), 2);
        assert_eq!(audit_log(&cloud).len(), 2);
        // What was learnt of the clock is kept.
        put(&cloud).run().done();
        assert_eq!(cloud.counts().requests(Operation::CreateSession), 3);
    }
}

#[test]
fn every_refusal_is_told_with_its_cause_and_its_cure() {
    let state = |change: fn(&mut RolesAnywhere)| {
        let cloud = Cloud::start();
        let mut state = RolesAnywhere::default();
        change(&mut state);
        cloud.set_roles_anywhere(state);
        cloud
    };
    let cannot = "cannot start a session of IAM Roles Anywhere for role `arn:aws:iam::";
    refused(
        &state(|state| state.trust_anchor.enabled = false),
        1,
        &[
            cannot,
            "is disabled",
            "hint: aws rolesanywhere enable-trust-anchor",
        ],
    );
    refused(
        &state(|state| state.profile.enabled = false),
        1,
        &[cannot, "is disabled", "enable-profile --profile-id"],
    );
    refused(
        &state(|state| state.profile.lists_role = false),
        1,
        &[
            cannot,
            "is not one of the roles of profile",
            "update-profile",
        ],
    );
    refused(
        &state(|state| state.role.assumable = false),
        1,
        &[
            cannot,
            "does not exist or does not trust rolesanywhere.amazonaws.com",
            "hint: let rolesanywhere.amazonaws.com do sts:AssumeRole",
        ],
    );
}

#[test]
fn a_session_has_the_name_and_the_duration_of_the_configuration() {
    let cloud = Cloud::start();
    let named = || {
        put(&cloud)
            .env("SEALIFT_CREDENTIALS_SESSION_NAME", "gateway-7")
            .env("SEALIFT_CREDENTIALS_DURATION", "20m")
    };
    let parts = [
        "does not accept names of sessions",
        "hint: leave out credentials.session_name",
    ];
    named().run().failed(1, &parts);
    let mut state = RolesAnywhere::default();
    state.profile.accepts_role_session_name = true;
    cloud.set_roles_anywhere(state);
    forget_refusals(&cloud);
    named().run().done();
    assert_eq!(cloud.object("demo", "key").unwrap(), CONTENTS);
}

#[test]
fn a_device_without_the_grant_is_told_how_to_give_it() {
    let cloud = Cloud::start();
    let config = &cloud.paths().roles_anywhere_config;
    let text = std::fs::read_to_string(config).unwrap();
    let without: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("sign_for"))
        .collect();
    std::fs::write(config, without.join("\n")).unwrap();
    let cure = "grant them with sign_for = [\"roles-anywhere\"] in [device]";
    put(&cloud).run().failed(2, &["credentials.provider", cure]);
}

/// A request as it came over the wire, judged by an implementation that shares nothing with ours.
#[test]
fn the_request_is_as_another_implementation_wants_it() {
    let cloud = Cloud::start();
    let seen = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&seen);
    let server = Server::https(cloud.authority(), move |exchange| {
        let body = exchange.read_body();
        let request = &exchange.request;
        let headers: BTreeMap<_, _> = request.headers.iter().cloned().collect();
        *kept.lock().unwrap() = Some(json!({
            "method": request.method,
            "path": request.target,
            "headers": headers,
            "body": String::from_utf8(body).unwrap(),
        }));
        exchange.answer("403 Forbidden", &[], b"{\"message\":\"Invalid signature\"}");
    });
    put(&cloud)
        .env("SEALIFT_CREDENTIALS_ENDPOINT", server.address().to_string())
        .run()
        .failed(1, &["does not find the signature to be by"]);
    let request = seen.lock().unwrap().take().unwrap();
    let file = cloud.file("request.json", request.to_string());
    let judge = |file: &Path| {
        let output = Aws::interpreter()
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/src/roles_anywhere.py"
            ))
            .arg("--verify")
            .arg(file)
            .args(["--region", "ap-northeast-1", "--ca"])
            .arg(&cloud.paths().ca)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(judge(&file).trim(), "ok", "{request}");
    // The judge can tell a request from one that was changed on its way.
    let mut changed = request;
    changed["body"] = "{\"durationSeconds\":43200}".into();
    let file = cloud.file("changed.json", changed.to_string());
    assert_ne!(judge(&file).trim(), "ok");
}
