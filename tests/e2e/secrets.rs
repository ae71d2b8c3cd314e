//! No secret is ever printed: not at the highest verbosity, not by a failure.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use sealift_tests::{Cloud, Outcome, Program};

/// Random text in base64 of this length is a secret: secret access keys have just this many
/// characters, and tokens and the lines of keys have more.
const SECRET: usize = 40;

/// What no line may have in it, whatever stands around it.
const MARKS: [&str; 7] = [
    "PRIVATE KEY",
    "Signature=",
    "X-Amz-Signature",
    "AWS4-HMAC-SHA256",
    "secretAccessKey",
    "sessionToken",
    "Proxy-Authorization",
];

/// Both streams of a call, without the paths that it may well name.
fn printed(outcome: &Outcome) -> String {
    let text = format!("{}\n{}", outcome.stdout, outcome.stderr);
    let program = Program::path();
    let paths = [
        program.parent().unwrap(),
        &std::env::temp_dir(),
        Path::new(env!("CARGO_MANIFEST_DIR")),
    ];
    paths
        .into_iter()
        .fold(text, |text, path| text.replace(path.to_str().unwrap(), ""))
}

/// The longest pieces of text that are as random as a secret: base64 with digits and letters of
/// both cases. Fingerprints and checksums in hexadecimal digits are not.
fn secrets(text: &str) -> Vec<&str> {
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let random = |piece: &&str| {
        let has = |class: fn(&char) -> bool| piece.chars().any(|c| class(&c));
        piece.len() >= SECRET
            && has(char::is_ascii_uppercase)
            && has(char::is_ascii_lowercase)
            && has(char::is_ascii_digit)
    };
    text.split(|c| !base64(c)).filter(random).collect()
}

#[track_caller]
fn silent(outcome: &Outcome) {
    let text = printed(outcome);
    for mark in MARKS {
        assert!(
            !text.to_lowercase().contains(&mark.to_lowercase()),
            "`{mark}` in: {text}"
        );
    }
    assert_eq!(secrets(&text), [""; 0], "{text}");
}

/// `-vv` says something, so that silence means something.
#[track_caller]
fn talkative(outcome: &Outcome, part: &str) {
    assert!(
        outcome.stderr.contains(part),
        "no `{part}` in: {}",
        outcome.stderr
    );
}

#[test]
fn the_search_finds_every_kind_of_secret() {
    let cloud = Cloud::start();
    let outcome = Program::on(&cloud).arg("credentials").run();
    let told = &outcome.json()[0];
    for name in ["SecretAccessKey", "SessionToken"] {
        let secret = told[name].as_str().unwrap();
        assert_eq!(
            secrets(&format!("a line with \"{secret}\" in it")),
            [secret]
        );
    }
    let key = fs::read_to_string(&cloud.paths().key).unwrap();
    assert!(secrets(&key).len() > 20, "{}", key.len());
}

#[test]
fn put_prints_none() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    for placement in ["header", "trailer"] {
        let program = Program::on(&cloud).env("SEALIFT_S3_CHECKSUM_PLACEMENT", placement);
        let outcome = program
            .args(["-vv", "--json", "put"])
            .arg(&file)
            .arg("s3://demo/k")
            .run();
        outcome.done();
        silent(&outcome);
    }
}

#[test]
fn a_refused_put_prints_none() {
    let cloud =
        Cloud::start_with(|settings| settings.allow = Some(vec!["s3:GetObject".parse().unwrap()]));
    let file = cloud.file("f", "x");
    let outcome = Program::on(&cloud)
        .args(["-vv", "put"])
        .arg(file)
        .arg("s3://demo/k")
        .run();
    outcome.failed(1, &["AccessDenied"]);
    silent(&outcome);
}

#[test]
fn credentials_are_on_standard_output_alone() {
    let cloud = Cloud::start();
    let mut outcome = Program::on(&cloud).args(["-vv", "credentials"]).run();
    outcome.done();
    let told = outcome.json().remove(0);
    outcome.stdout.clear();
    silent(&outcome);
    for name in ["SecretAccessKey", "SessionToken"] {
        assert!(
            !outcome.stderr.contains(told[name].as_str().unwrap()),
            "{name} in: {}",
            outcome.stderr
        );
    }
}

#[test]
fn credentials_that_are_refused_print_none() {
    let cloud = Cloud::start();
    cloud
        .registry()
        .detach_policy(cloud.device(), localcloud::ROLE_ALIAS);
    let outcome = Program::on(&cloud).args(["-vv", "credentials"]).run();
    outcome.failed(1, &["no IoT policy"]);
    silent(&outcome);
}

#[test]
fn a_damaged_key_is_not_quoted() {
    let cloud = Cloud::start();
    let key = fs::read_to_string(&cloud.paths().key).unwrap();
    let damages = [
        key.replacen('M', "*", 1),
        key.replace("END", "FIN"),
        key[..key.len() / 2].into(),
        key.replace("-----", ""),
    ];
    for damaged in damages {
        fs::write(&cloud.paths().key, damaged).unwrap();
        let outcome = Program::on(&cloud).args(["-vv", "credentials"]).run();
        outcome.failed(2, &["private.pem.key"]);
        let lines = key.lines().filter(|line| line.len() >= SECRET);
        for line in lines {
            assert!(!outcome.stderr.contains(line), "{}", outcome.stderr);
        }
        assert_eq!(secrets(&printed(&outcome)), [""; 0]);
    }
}

#[test]
fn demo_prints_none() {
    let outcome = Program::new().args(["-vv", "demo"]).run();
    outcome.done();
    talkative(&outcome, "credentials issued");
    silent(&outcome);
}

#[test]
fn local_cloud_prints_none() {
    let temporary = tempfile::tempdir().unwrap();
    let mut cloud = Program::new()
        .args(["-vv", "local-cloud", "--dir"])
        .arg(temporary.path())
        .start();
    cloud.wait_for("ready");
    let put = Program::new()
        .inside(temporary.path())
        .env("XDG_STATE_HOME", temporary.path().join("state"));
    put.args(["put", "-", "s3://demo/k"]).run_with(b"x").done();
    cloud.signal(Signal::TERM);
    let outcome = cloud.end();
    outcome.done();
    talkative(&outcome, "credentials issued");
    silent(&outcome);
}

#[test]
fn the_password_of_a_proxy_is_not_printed() {
    const PASSWORD: &str = "correct-horse";
    /// `user:correct-horse`, as it is sent.
    const SENT: &str = "dXNlcjpjb3JyZWN0LWhvcnNl";
    let cloud = Cloud::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let proxies = [
        (
            format!("http://user:{PASSWORD}@{address}"),
            75,
            "the proxy cannot be reached",
        ),
        (
            format!("socks5://user:{PASSWORD}@{address}"),
            2,
            "SEALIFT_NETWORK_PROXY",
        ),
        (
            format!("http://user:{PASSWORD}@{address}/path"),
            2,
            "SEALIFT_NETWORK_PROXY",
        ),
        (
            format!("http://user:{PASSWORD}@[not an address]"),
            2,
            "SEALIFT_NETWORK_PROXY",
        ),
    ];
    for (url, status, told) in proxies {
        let program = Program::on(&cloud).env("SEALIFT_NETWORK_PROXY", &url);
        let outcome = program.args(["-vv", "credentials"]).run();
        outcome.failed(status, &[told]);
        assert!(
            !outcome.stderr.contains(PASSWORD) && !outcome.stderr.contains(SENT),
            "{}",
            outcome.stderr
        );
    }
}
