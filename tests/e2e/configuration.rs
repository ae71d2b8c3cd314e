//! What is wrong with a configuration is told with file, line and column.

use std::fs;
use std::path::PathBuf;

use sealift_tests::{Cloud, Outcome, Program};

/// The cloud's own configuration with one text in place of another.
fn edited(cloud: &Cloud, from: &str, to: &str) -> PathBuf {
    let text = fs::read_to_string(&cloud.paths().config).unwrap();
    assert!(text.contains(from), "no `{from}` in {text}");
    let path = cloud.paths().config.with_file_name("edited.toml");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    path
}

/// Asks for credentials with the edited configuration.
fn ask(cloud: &Cloud, from: &str, to: &str) -> Outcome {
    let path = edited(cloud, from, to);
    Program::new()
        .arg("--config")
        .arg(path)
        .arg("credentials")
        .run()
}

/// Wrong configuration: status 2, and nobody was asked for anything.
#[track_caller]
fn refused(cloud: &Cloud, outcome: &Outcome, parts: &[&str]) {
    outcome.failed(2, parts);
    assert_eq!(outcome.stdout, "");
    assert_eq!(cloud.counts().provider_connections, 0);
}

#[test]
fn a_missing_key_is_named_with_its_section() {
    let cloud = Cloud::start();
    let outcome = ask(&cloud, "role_alias = \"s3_role_alias\"", "");
    refused(
        &cloud,
        &outcome,
        &[
            "[credentials] lacks the key `role_alias`",
            "edited.toml:9:2",
        ],
    );
}

#[test]
fn an_unknown_key_is_shown_in_its_line_with_what_was_meant() {
    let cloud = Cloud::start();
    let outcome = ask(&cloud, "[s3]", "[s3]\nchekcsum = \"crc32\"");
    let parts = [
        "unknown key `chekcsum` in [s3]",
        "edited.toml:14:1",
        "14 | chekcsum",
        "did you mean `checksum`?",
    ];
    refused(&cloud, &outcome, &parts);
}

#[test]
fn a_value_of_the_wrong_type_is_shown_in_its_line() {
    let cloud = Cloud::start();
    let outcome = ask(&cloud, "\"device.pem.crt\"", "7");
    refused(
        &cloud,
        &outcome,
        &[
            "device.certificate: must be a path",
            "edited.toml:5:15",
            "^",
        ],
    );
}

#[test]
fn what_is_no_toml_is_shown_in_its_line() {
    let cloud = Cloud::start();
    let outcome = ask(&cloud, "[credentials]", "[credentials");
    refused(&cloud, &outcome, &["edited.toml:9:13"]);
}

#[test]
fn an_endpoint_is_no_url() {
    let cloud = Cloud::start();
    let outcome = ask(&cloud, "endpoint   = \"", "endpoint   = \"https://");
    let host = format!(
        "leave out the scheme and path: `{}`",
        cloud.credentials_endpoint()
    );
    refused(
        &cloud,
        &outcome,
        &[
            "credentials.endpoint: this is a URL",
            &host,
            "edited.toml:10:14",
        ],
    );
}

#[test]
fn without_configuration_the_usual_places_are_named() {
    let cloud = Cloud::start();
    fs::create_dir(cloud.path("empty")).unwrap();
    let outcome = Program::new()
        .inside(cloud.path("empty"))
        .arg("credentials")
        .run();
    let parts = [
        "no configuration file",
        "sealift.toml and /etc/sealift/sealift.toml",
        "--config",
        "$SEALIFT_CONFIG",
    ];
    refused(&cloud, &outcome, &parts);
}

#[test]
fn a_named_file_must_be_there() {
    let cloud = Cloud::start();
    let gone = cloud.path("gone.toml");
    let by_flag = Program::new()
        .arg("--config")
        .arg(&gone)
        .arg("credentials")
        .run();
    refused(
        &cloud,
        &by_flag,
        &["gone.toml", "named by --config", "No such file"],
    );
    // Not even the one of this directory takes its place.
    let program = Program::new()
        .inside(cloud.dir())
        .env("SEALIFT_CONFIG", &gone);
    refused(
        &cloud,
        &program.arg("credentials").run(),
        &["gone.toml", "named by $SEALIFT_CONFIG"],
    );
}

#[test]
fn the_configuration_is_found_by_flag_variable_and_directory() {
    let cloud = Cloud::start();
    let config = &cloud.paths().config;
    Program::new()
        .arg("--config")
        .arg(config)
        .arg("credentials")
        .run()
        .done();
    Program::new()
        .env("SEALIFT_CONFIG", config)
        .arg("credentials")
        .run()
        .done();
    Program::new()
        .inside(cloud.dir())
        .arg("credentials")
        .run()
        .done();
    assert_eq!(cloud.counts().credentials_issued, 3);
}

#[test]
fn a_variable_overrides_a_key() {
    let cloud = Cloud::start();
    let with = |name: &str, value: &str| {
        Program::on(&cloud)
            .env(name, value)
            .arg("credentials")
            .run()
    };
    with("SEALIFT_DEVICE_THING_NAME", "thing_y").failed(1, &["thing `thing_y` is not attached"]);
    let broken = edited(&cloud, "\"s3_role_alias\"", "\"missing\"");
    let program = Program::new()
        .arg("--config")
        .arg(broken)
        .env("SEALIFT_CREDENTIALS_ROLE_ALIAS", "s3_role_alias");
    program.arg("credentials").run().done();
}

#[test]
fn a_variable_that_cannot_be_used_is_named() {
    let cloud = Cloud::start();
    let with = |name: &str, value: &str| {
        Program::on(&cloud)
            .env(name, value)
            .arg("credentials")
            .run()
    };
    let outcome = with("SEALIFT_S3_CHECKSUM", "md5");
    refused(&cloud, &outcome, &["SEALIFT_S3_CHECKSUM", "crc64nvme"]);
    let outcome = with("SEALIFT_S3_REGOIN", "eu-west-1");
    refused(&cloud, &outcome, &["SEALIFT_S3_REGOIN"]);
}

#[test]
fn a_wrong_call_is_told_how_to_get_it_right() {
    for arguments in [&["put"][..], &["put", "file"], &["fly"], &["--json"], &[]] {
        let outcome = Program::new().args(arguments).run();
        outcome.failed(2, &["--help"]);
        assert_eq!(outcome.stdout, "", "{arguments:?}");
    }
}

#[test]
fn help_and_version_are_results() {
    assert!(
        Program::new()
            .arg("--help")
            .run()
            .done()
            .contains("Exit status")
    );
    assert!(
        Program::new()
            .arg("--version")
            .run()
            .done()
            .starts_with("sealift ")
    );
}
