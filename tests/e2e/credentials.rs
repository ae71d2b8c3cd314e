//! Credentials for other programs.

use std::time::Duration;

use localcloud::RoleAlias;
use sealift_tests::{Aws, Cloud, Program, soon, until};

#[test]
fn the_output_is_what_credential_process_asks_for_and_nothing_else() {
    let cloud = Cloud::start();
    let outcome = Program::on(&cloud).arg("credentials").run();
    outcome.done();
    assert_eq!(outcome.stderr, "");
    let [told] = outcome.json().try_into().unwrap();
    let names: Vec<_> = told
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        [
            "AccessKeyId",
            "Expiration",
            "SecretAccessKey",
            "SessionToken",
            "Version"
        ]
    );
    assert_eq!(told["Version"], 1);
    let text = |name: &str| told[name].as_str().unwrap();
    assert!(
        text("AccessKeyId").starts_with("ASIA"),
        "{}",
        text("AccessKeyId")
    );
    assert_eq!(
        (text("SecretAccessKey").len(), text("SessionToken").len()),
        (40, 800)
    );
    let expiration = text("Expiration").as_bytes();
    assert!(
        expiration.len() == 20 && expiration[10] == b'T' && expiration[19] == b'Z',
        "{}",
        text("Expiration")
    );
    assert_eq!(cloud.counts().credentials_issued, 1);
}

#[test]
fn a_failure_prints_nothing_on_standard_output() {
    let cloud = Cloud::start();
    cloud.registry().set_active(cloud.device(), false);
    let outcome = Program::on(&cloud).arg("credentials").run();
    outcome.failed(1, &["cannot fetch credentials"]);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn the_aws_command_line_uploads_with_them() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "from the command line");
    let aws = Aws::on(&cloud);
    let path = file.to_str().unwrap();
    aws.command_line(&["s3", "cp", path, "s3://demo/cp"]).done();
    aws.command_line(&[
        "s3api",
        "put-object",
        "--bucket",
        "demo",
        "--key",
        "api",
        "--body",
        path,
    ])
    .done();
    for key in ["cp", "api"] {
        assert_eq!(
            cloud.object("demo", key).as_deref(),
            Some(&b"from the command line"[..]),
            "{key}"
        );
    }
}

#[test]
fn an_sdk_reads_with_them_what_put_has_written() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "123456789");
    Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/k")
        .run()
        .done();
    let seen = &Aws::on(&cloud).objects("demo")["k"];
    assert_eq!(seen.bytes(), b"123456789");
    assert_eq!(seen.checksums["ChecksumCRC64NVME"], "rosUhgp5mIg=");
}

#[test]
fn a_session_token_of_100_kib_goes_all_the_way() {
    const LENGTH: usize = 100 * 1024;
    let cloud = Cloud::start_with(|settings| settings.session_token_bytes = LENGTH);
    let outcome = Program::on(&cloud).arg("credentials").run();
    outcome.done();
    assert_eq!(
        outcome.json()[0]["SessionToken"].as_str().unwrap().len(),
        LENGTH
    );
    Program::on(&cloud)
        .args(["put", "-", "s3://demo/k"])
        .run_with(b"x")
        .done();
    assert_eq!(cloud.object("demo", "k").unwrap(), b"x");
}

#[test]
fn credentials_that_expire_during_a_call_are_replaced() {
    const LIFE: Duration = Duration::from_secs(1);
    // More than are uploaded while lines are gathered, and than fit into a pipe.
    const FILES: u64 = 1000;
    let cloud = Cloud::start();
    let alias = RoleAlias {
        duration: LIFE,
        max_session_duration: LIFE,
        assumable: true,
    };
    cloud
        .registry()
        .set_role_alias(localcloud::ROLE_ALIAS, alias);
    let name = "n".repeat(200);
    for number in 0..FILES {
        cloud.file(&format!("tree/{number}-{name}"), "x");
    }
    // While nobody reads them, the results fill the pipe, and the program stands still.
    let mut command = Program::on(&cloud)
        .args(["--json", "put", "-r"])
        .arg(cloud.path("tree"))
        .arg("s3://demo/")
        .command();
    let child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until("the first object is there", soon(), || {
        cloud.counts().objects_put > 0
    });
    let expiration = cloud.clock().now() + LIFE;
    until("its credentials have expired", soon(), || {
        cloud.clock().now() > expiration
    });
    assert!(
        cloud.counts().objects_put < FILES,
        "the results fit into the pipe"
    );
    sealift_tests::Outcome::from(child.wait_with_output().unwrap()).done();
    assert_eq!(cloud.counts().objects_put, FILES);
    assert!(cloud.counts().credentials_issued >= 2);
}

#[test]
fn one_call_fetches_once_for_all_its_files() {
    let cloud = Cloud::start();
    let files = ["a", "b", "c"].map(|name| cloud.file(name, name));
    Program::on(&cloud)
        .arg("put")
        .args(files)
        .arg("s3://demo/")
        .run()
        .done();
    assert_eq!(
        (
            cloud.counts().credentials_issued,
            cloud.counts().objects_put
        ),
        (1, 3)
    );
}
