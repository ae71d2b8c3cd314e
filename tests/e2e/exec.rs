//! `sealift exec`: a program with the device's credentials.

use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Signal, geteuid};
use sealift_tests::{Cloud, Outcome, Program, Running};
use serde_json::Value;

/// Asks the endpoint as SDKs do; prints the status on a line of its own behind the answer.
const ASK: &str = r#"ask() {
    curl --silent --write-out '\n%{http_code}\n' --header "Authorization: ${TOKEN-$(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")}" \
        "$@" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"
}
"#;

fn exec(cloud: &Cloud, options: &[&str]) -> Program {
    Program::on(cloud)
        .env("PATH", "/usr/bin:/bin")
        .arg("exec")
        .args(options)
        .arg("--")
}

/// What a shell does with the device's credentials.
fn shell(cloud: &Cloud, script: &str) -> Program {
    let script = format!("{ASK}{script}");
    exec(cloud, &[]).args(["sh", "-c", &script])
}

fn audit(cloud: &Cloud) -> Vec<Value> {
    let log = std::fs::read_to_string(cloud.path("state/sealift/audit.jsonl")).unwrap();
    let lines = log.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The value of a variable in what `env` printed.
fn variable<'a>(environment: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = environment.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

#[test]
fn a_program_finds_the_endpoint_and_no_other_credentials() {
    let cloud = Cloud::start();
    let outcome = exec(&cloud, &[])
        .env("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
        .env("AWS_SECRET_ACCESS_KEY", "hunter2")
        .env("AWS_PROFILE", "admin")
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter3")
        .env("AWS_SHARED_CREDENTIALS_FILE", "keys-of-somebody-else")
        .env("AWS_ENDPOINT_URL_S3", "https://s3.example.com")
        .args(["env"])
        .run();
    let seen = outcome.done();
    for gone in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ] {
        assert_eq!(variable(seen, gone), None, "{gone}");
    }
    let shared = variable(seen, "AWS_SHARED_CREDENTIALS_FILE");
    assert_eq!(shared, Some("/dev/null"));
    assert_eq!(variable(seen, "AWS_REGION"), Some(localcloud::REGION));
    assert_eq!(
        variable(seen, "AWS_ENDPOINT_URL_S3"),
        Some("https://s3.example.com")
    );
    let uri = variable(seen, "AWS_CONTAINER_CREDENTIALS_FULL_URI").unwrap();
    assert!(uri.starts_with("http://127.0.0.1:"), "{uri}");
}

#[test]
fn a_program_gets_credentials_and_that_is_on_record_without_the_secret() {
    let cloud = Cloud::start();
    let outcome = shell(&cloud, "ask").run();
    let (answer, status) = outcome.done().trim_end().rsplit_once('\n').unwrap();
    assert_eq!(status, "200", "{outcome:?}");
    let given: Value = serde_json::from_str(answer).unwrap();
    let events = audit(&cloud);
    assert_eq!(events.len(), 1, "{events:?}");
    let event = &events[0];
    assert_eq!(event["event"], "credentials-handed-out");
    assert_eq!(event["recipient"], "client default");
    assert_eq!(event["program"], "sh");
    assert_eq!(event["role"], localcloud::ROLE_ALIAS);
    assert_eq!(event["access_key_id"], given["AccessKeyId"]);
    assert_eq!(event["expiration"], given["Expiration"]);
    let told = format!("{event}{}", outcome.stderr);
    for secret in ["SecretAccessKey", "Token"] {
        assert!(!told.contains(given[secret].as_str().unwrap()), "{secret}");
    }
}

#[test]
fn what_cannot_be_put_on_record_is_not_handed_out() {
    let cloud = Cloud::start();
    std::fs::create_dir_all(cloud.path("state/sealift")).unwrap();
    symlink("/dev/null", cloud.path("state/sealift/audit.jsonl")).unwrap();
    let outcome = shell(&cloud, "ask").run();
    let answer = outcome.done();
    assert!(
        answer.contains("AuditUnavailable") && answer.ends_with("503\n"),
        "{answer}"
    );
    assert!(!answer.contains("SecretAccessKey"), "{answer}");
}

#[test]
fn another_role_alias_is_one_that_the_configuration_names() {
    let cloud = Cloud::start();
    cloud.add_client("logger", "logs");
    let script = format!("{ASK}ask");
    exec(&cloud, &["--role-alias", "logs"])
        .args(["sh", "-c", &script])
        .run()
        .done();
    assert_eq!(audit(&cloud)[0]["role"], "logs");
    let issued = cloud.counts().credentials_issued;
    assert_eq!(issued, 1);
    let refused = exec(&cloud, &["--role-alias", "admin"]).arg("true").run();
    refused.failed(
        2,
        &["no client has the role alias `admin`", "[clients.NAME]"],
    );
    assert_eq!(cloud.counts().credentials_issued, issued);
}

#[test]
fn a_refusal_of_aws_reaches_the_program_with_its_cure() {
    let cloud = Cloud::start();
    cloud
        .registry()
        .detach_policy(cloud.device(), localcloud::ROLE_ALIAS);
    let outcome = shell(&cloud, "ask").run();
    let answer = outcome.done();
    assert!(answer.ends_with("403\n"), "{answer}");
    for part in ["CredentialsRefused", "no IoT policy", "attach-policy"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
}

#[test]
fn the_status_is_the_program_s() {
    let cloud = Cloud::start();
    let plain = cloud.file("plain", "no program");
    for (command, status) in [
        (&["true"][..], 0),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "kill -TERM $$"], 143),
        (&["sh", "-c", "kill -KILL $$"], 137),
        (&["sealift-no-such-program"], 127),
        (&[plain.to_str().unwrap()], 126),
        (&["/usr"], 126),
    ] {
        let outcome = exec(&cloud, &[]).args(command).run();
        outcome.failed(status, &[]);
        let told = outcome.stderr.contains("error: cannot run");
        assert_eq!(told, matches!(status, 126 | 127), "{outcome:?}");
    }
    // What is not started for another reason.
    let outcome = Program::on(&cloud).args(["exec", "true"]).run();
    outcome.failed(2, &["exec"]);
}

#[test]
fn signals_are_the_program_s() {
    let cloud = Cloud::start();
    for (signal, name) in [
        (Signal::INT, "INT"),
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
    ] {
        let script = format!(
            "trap 'echo got {name}; exit 5' {name}; echo ready; while :; do read -r line || :; done"
        );
        let mut running = shell(&cloud, &script).apart().start();
        // A shell looks for signals when what it waits for has ended.
        running.wait_for("ready");
        let stdin = running.stdin();
        running.signal(signal);
        running.wait_for(&format!("got {name}"));
        drop(stdin);
        running.end().failed(5, &[]);
    }
}

/// A program that prints where its endpoint and its token are, and waits for the end of its input.
fn waiting(cloud: &Cloud, directory: &Path) -> (Running, String, String) {
    let script = "printf '%s\\n' \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\" > uri; \
         printf '%s\\n' \"$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE\" > token; echo ready; read -r line";
    let mut running = shell(cloud, script).inside(directory).start();
    running.wait_for("ready");
    let read = |name: &str| {
        let text = std::fs::read_to_string(directory.join(name)).unwrap();
        text.trim_end().to_owned()
    };
    let (uri, token) = (read("uri"), read("token"));
    (running, uri, token)
}

fn curl(arguments: &[&str]) -> Outcome {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--write-out", "\n%{http_code}\n"])
        .args(arguments)
        .stdin(Stdio::null());
    command.output().unwrap().into()
}

#[test]
fn endpoint_and_token_end_with_the_program() {
    let cloud = Cloud::start();
    let here = tempfile::tempdir().unwrap();
    let (mut running, uri, token) = waiting(&cloud, here.path());
    let address = uri
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    assert!(Path::new(&token).exists());
    TcpStream::connect(&address).unwrap();
    drop(running.stdin());
    running.end().failed(1, &[]);
    assert!(!Path::new(&token).exists());
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn nobody_else_on_this_machine_gets_anything() {
    let cloud = Cloud::start();
    let here = tempfile::tempdir().unwrap();
    let (mut running, uri, token_file) = waiting(&cloud, here.path());
    let token = std::fs::read_to_string(&token_file).unwrap();
    let right = format!("Authorization: {}", token.trim_end());
    for (headers, code) in [
        (&[][..], "TokenMissing"),
        (&["Authorization: guessed"], "TokenWrong"),
        (&[&right, "Host: evil.example"], "WrongHost"),
        (&[&right, "X-Forwarded-For: 10.0.0.1"], "ForwardedRequest"),
        (&[&right, "Origin: https://evil.example"], "BrowserRequest"),
    ] {
        let mut arguments = vec![uri.as_str()];
        for header in headers {
            arguments.extend(["--header", header]);
        }
        let outcome = curl(&arguments);
        let answer = outcome.done();
        assert!(
            answer.contains(code) && answer.ends_with("403\n"),
            "{code}: {answer}"
        );
    }
    assert_eq!(cloud.counts().provider_requests, 0);
    if geteuid().is_root() {
        let stolen = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "cat"])
            .arg(&token_file)
            .output()
            .unwrap();
        assert!(!stolen.status.success(), "{stolen:?}");
        assert_eq!(stolen.stdout, b"");
    }
    let outcome = curl(&[&uri, "--header", &right]);
    assert!(outcome.done().ends_with("200\n"), "{outcome:?}");
    drop(running.stdin());
}
