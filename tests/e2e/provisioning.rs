//! `sealift provision`: an account made ready for devices, and back, before a control plane that nobody here wrote.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use localcloud::{Fingerprint, RoleAlias};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sealift_tests::{Aws, Cloud, ControlPlane, Outcome, Program};
use serde_json::{Value, json};

/// An account, and a directory for devices' files.
struct Office {
    cloud: Cloud,
    account: ControlPlane,
}

impl Office {
    fn new() -> Self {
        let cloud = Cloud::start();
        let account = ControlPlane::start(&cloud);
        Self { cloud, account }
    }

    fn out(&self) -> PathBuf {
        self.cloud.path("devices")
    }

    /// A task for one thing.
    fn task(&self, task: &str, thing: &str) -> Program {
        let program = self.account.provision(task).arg("--thing").arg(thing);
        let program = program.args(["--bucket=plant", "--create-bucket"]);
        program.arg("--out").arg(self.out())
    }

    /// The steps that are still missing.
    #[track_caller]
    fn missing(&self, thing: &str) -> Vec<Value> {
        let planned = self.task("plan", thing).arg("--json").run();
        planned.done();
        planned.json()
    }

    /// The certificates of a thing.
    fn principals(&self, thing: &str) -> Vec<Value> {
        let listed = self
            .account
            .aws(&["iot", "list-thing-principals", "--thing-name", thing]);
        listed["principals"].as_array().unwrap().clone()
    }

    /// The names of all that `provision` makes.
    fn inventory(&self) -> Value {
        let list = |arguments: &[&str], field: &str, name: &str| {
            let listed = self.account.aws(arguments);
            let items = listed[field].as_array().unwrap().clone();
            let named = items
                .iter()
                .map(|item| if name.is_empty() { item } else { &item[name] });
            named.cloned().collect::<Vec<_>>()
        };
        json!({
            "roles": list(&["iam", "list-roles"], "Roles", "RoleName"),
            "aliases": list(&["iot", "list-role-aliases"], "roleAliases", ""),
            "policies": list(&["iot", "list-policies"], "policies", "policyName"),
            "things": list(&["iot", "list-things"], "things", "thingName"),
            "certificates": list(&["iot", "list-certificates"], "certificates", "status"),
            "buckets": list(&["s3api", "list-buckets"], "Buckets", "Name"),
        })
    }
}

fn nothing() -> Value {
    json!({"roles": [], "aliases": [], "policies": [], "things": [], "certificates": [], "buckets": []})
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

#[test]
fn a_plan_tells_all_that_is_missing_and_changes_nothing() {
    let office = Office::new();
    let planned = office.task("plan", "thing_x").run();
    let steps = planned.done();
    assert_eq!(steps.lines().count(), 12, "{steps}");
    assert!(steps.contains("create the role sealift\n"));
    assert_eq!(office.inventory(), nothing());
    assert!(!office.out().exists());
}

#[test]
fn nothing_is_changed_where_nobody_can_be_asked() {
    let office = Office::new();
    office
        .task("apply", "thing_x")
        .run_with(b"")
        .failed(2, &["nobody to ask", "--yes"]);
    assert_eq!(office.inventory(), nothing());
}

#[test]
fn what_is_made_is_what_the_manual_steps_make_and_no_more() {
    let office = Office::new();
    office.task("apply", "thing_x").arg("--yes").run().done();
    let aws = |arguments: &[&str]| office.account.aws(arguments);
    let role = aws(&["iam", "get-role", "--role-name=sealift"]);
    let trusted = &role["Role"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(
        trusted["Principal"],
        json!({"Service": "credentials.iot.amazonaws.com"})
    );
    let granted = aws(&[
        "iam",
        "get-role-policy",
        "--role-name=sealift",
        "--policy-name=sealift",
    ]);
    assert_eq!(
        granted["PolicyDocument"]["Statement"][0],
        json!({
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
            "Resource": "arn:aws:s3:::plant/${credentials-iot:ThingName}/*",
        })
    );
    let alias = aws(&["iot", "describe-role-alias", "--role-alias=sealift"]);
    assert_eq!(
        alias["roleAliasDescription"]["roleArn"],
        role["Role"]["Arn"]
    );
    let policy = aws(&["iot", "get-policy", "--policy-name=sealift"]);
    let policy: Value = serde_json::from_str(policy["policyDocument"].as_str().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][0]["Action"],
        "iot:AssumeRoleWithCertificate"
    );
    assert_eq!(
        policy["Statement"][0]["Resource"],
        "arn:aws:iot:ap-northeast-1:123456789012:rolealias/sealift"
    );
    let principals = office.principals("thing_x");
    assert_eq!(principals.len(), 1);
    let target = principals[0].as_str().unwrap();
    let attached = aws(&["iot", "list-attached-policies", "--target", target]);
    assert_eq!(attached["policies"][0]["policyName"], "sealift");
    let lifecycle = aws(&[
        "s3api",
        "get-bucket-lifecycle-configuration",
        "--bucket=plant",
    ]);
    assert_eq!(
        lifecycle["Rules"][0]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"],
        7
    );
    let public = aws(&["s3api", "get-public-access-block", "--bucket=plant"]);
    let public = public["PublicAccessBlockConfiguration"]
        .as_object()
        .unwrap()
        .clone();
    assert!(public.len() == 4 && public.values().all(|blocked| blocked == true));
    let encryption = aws(&["s3api", "get-bucket-encryption", "--bucket=plant"]).to_string();
    assert!(encryption.contains("AES256"), "{encryption}");
    assert_eq!(
        office.inventory(),
        json!({
            "roles": ["sealift"], "aliases": ["sealift"], "policies": ["sealift"],
            "things": ["thing_x"], "certificates": ["ACTIVE"], "buckets": ["plant"],
        })
    );
    assert_eq!(office.missing("thing_x"), [Value::Null; 0]);
}

#[test]
fn a_device_goes_all_the_way_to_an_upload() {
    let office = Office::new();
    let cloud = &office.cloud;
    let ca = &cloud.paths().ca;
    office
        .task("apply", "pump-7")
        .env("AWS_CA_BUNDLE", ca)
        .env("AWS_ENDPOINT_URL_S3", cloud.s3_endpoint())
        .arg("--yes")
        .run()
        .failed(1, &["s3:"]);
    // The bucket of the stand-in is there, and belongs to nobody who could change it.
    let apply = office.account.provision("apply");
    let apply = apply.args(["--thing=pump-7", "--bucket=demo", "--yes"]);
    apply
        .arg("--out")
        .arg(office.out())
        .env("AWS_CA_BUNDLE", ca)
        .run()
        .done();
    let config = office.out().join("sealift.toml");
    let text = fs::read_to_string(&config).unwrap();
    let (text, _) = text.split_once("endpoint = \"http:").unwrap();
    fs::write(
        &config,
        format!("{text}endpoint = \"{}\"\n", cloud.s3_endpoint()),
    )
    .unwrap();
    // What the control plane was told, the data plane knows.
    let hour = Duration::from_hours(1);
    let registry = cloud.registry();
    let role = RoleAlias {
        duration: hour,
        max_session_duration: hour,
        assumable: true,
    };
    registry.set_role_alias("sealift", role);
    let device = Fingerprint::of(&certificate(&office.out().join("device.pem.crt")));
    registry.register(device);
    registry.attach_thing(device, "pump-7");
    registry.attach_policy(device, "sealift");
    let file = cloud.file("measurements", "1,2,3");
    let put = Program::new()
        .arg("--config")
        .arg(&config)
        .arg("put")
        .arg(&file);
    put.arg("s3://demo/pump-7/")
        .env("XDG_STATE_HOME", cloud.path("state"))
        .run()
        .done();
    assert_eq!(
        cloud.object("demo", "pump-7/measurements").unwrap(),
        b"1,2,3"
    );
}

#[test]
fn whoever_is_killed_after_any_step_goes_on_with_the_same_command() {
    let office = Office::new();
    let mut runs = 0;
    loop {
        runs += 1;
        assert!(runs < 20, "it does not come to an end");
        let mut apply = office.task("apply", "thing_x").arg("--yes").command();
        let mut apply = apply.stdout(Stdio::piped()).spawn().unwrap();
        // It is told before it is done: the second is under way when the first was done.
        let mut lines = BufReader::new(apply.stdout.take().unwrap()).lines();
        let told = lines.by_ref().take(2).filter_map(Result::ok).count();
        if told < 2 {
            assert!(apply.wait().unwrap().success());
            break;
        }
        apply.kill().unwrap();
        apply.wait().unwrap();
    }
    assert!(runs > 3, "{runs}");
    office.task("apply", "thing_x").arg("--yes").run().done();
    assert_eq!(office.missing("thing_x"), [Value::Null; 0]);
    assert_eq!(office.principals("thing_x").len(), 1);
    // A certificate that was lost in the moment of its making is good for nothing.
    let inventory = office.inventory();
    let active = inventory["certificates"].as_array().unwrap().iter();
    assert_eq!(active.filter(|status| *status == "ACTIVE").count(), 1);
}

#[test]
fn destroy_leaves_nothing_that_apply_made_and_the_key_is_the_devices() {
    let office = Office::new();
    office.task("apply", "thing_x").arg("--yes").run().done();
    let destroy = || {
        office
            .task("destroy", "thing_x")
            .args(["--delete-bucket", "--yes"])
    };
    destroy().run().done();
    assert_eq!(office.inventory(), nothing());
    assert!(office.out().join("private.pem.key").exists());
    assert!(!office.out().join("device.pem.crt").exists());
    // With nothing left to undo, nothing is.
    destroy().run().done();
    office.task("apply", "thing_x").arg("--yes").run().done();
    assert_eq!(office.missing("thing_x"), [Value::Null; 0]);
}

#[test]
fn destroy_keeps_what_other_things_use() {
    let office = Office::new();
    let list = office
        .cloud
        .file("things", "# plant 7\npump-1\n\n pump-2\n");
    let several = |task: &str| {
        let program = office.account.provision(task).arg("--things").arg(&list);
        let program = program.args(["--bucket=plant", "--create-bucket"]);
        program.arg("--out").arg(office.out())
    };
    several("apply").arg("--yes").run().done();
    for thing in ["pump-1", "pump-2"] {
        let key = office.out().join(thing).join("private.pem.key");
        let mode = fs::metadata(key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{thing}");
    }
    let one =
        office
            .account
            .provision("destroy")
            .args(["--thing=pump-1", "--bucket=plant", "--yes"]);
    one.arg("--out")
        .arg(office.out().join("pump-1"))
        .run()
        .done();
    let left = office.inventory();
    assert_eq!(left["things"], json!(["pump-2"]));
    assert_eq!(left["roles"], json!(["sealift"]));
    assert_eq!(left["certificates"], json!(["ACTIVE"]));
    let rest =
        office
            .account
            .provision("destroy")
            .args(["--thing=pump-2", "--bucket=plant", "--yes"]);
    rest.arg("--out")
        .arg(office.out().join("pump-2"))
        .run()
        .done();
    let left = office.inventory();
    assert_eq!(
        left["buckets"],
        json!(["plant"]),
        "objects are nobody's to delete"
    );
    assert_eq!(left["roles"], json!([]));
}

/// The same for a stack.
fn template() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/cloudformation.yaml")
}

#[test]
fn aws_has_nothing_against_the_template() {
    let mut linter = Aws::template_linter();
    let linted = Outcome::from(linter.arg(template()).output().unwrap());
    assert_eq!(linted.done(), "");
}

#[test]
fn the_template_makes_what_apply_makes() {
    let office = Office::new();
    let key = office.cloud.path("device.key");
    Program::new()
        .args(["key", "generate"])
        .arg(&key)
        .run()
        .done();
    let csr = Program::new().args(["key", "csr", "--subject=CN=thing_x"]);
    let csr = csr.arg(&key).run();
    let parameters = json!([
        {"ParameterKey": "ThingName", "ParameterValue": "thing_x"},
        {"ParameterKey": "CertificateSigningRequest", "ParameterValue": csr.done()},
        {"ParameterKey": "Bucket", "ParameterValue": "plant"},
        {"ParameterKey": "CreateBucket", "ParameterValue": "true"},
    ]);
    let body = format!("file://{}", template().display());
    office.account.aws(&[
        "cloudformation",
        "create-stack",
        "--stack-name=device",
        "--capabilities=CAPABILITY_NAMED_IAM",
        "--template-body",
        &body,
        "--parameters",
        &parameters.to_string(),
    ]);
    // moto makes neither certificates and attachments of a template, nor all that protects a bucket.
    let missing = office.missing("thing_x");
    let missing: Vec<_> = missing.iter().map(|step| &step["step"]).collect();
    assert_eq!(
        missing,
        [
            "protect-bucket",
            "create-certificate",
            "activate-certificate",
            "attach-policy",
            "attach-thing",
            "write-files"
        ]
    );
}

#[test]
fn with_a_request_of_the_devices_own_no_key_is_made() {
    let office = Office::new();
    let key = office.cloud.path("device.key");
    let make = |arguments: &[&str]| Program::new().arg("key").args(arguments).arg(&key);
    make(&["generate"]).run().done();
    let request = make(&["csr", "--subject=CN=thing_x"]).run();
    let csr = office.cloud.file("device.csr", request.done());
    office
        .task("apply", "thing_x")
        .arg("--csr")
        .arg(&csr)
        .arg("--yes")
        .run()
        .done();
    assert!(!office.out().join("private.pem.key").exists());
    assert!(office.out().join("device.pem.crt").exists());
    assert_eq!(office.principals("thing_x").len(), 1);
}

#[test]
fn a_role_that_somebody_else_made_is_left_alone() {
    let office = Office::new();
    let trust = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let create = [
        "iam",
        "create-role",
        "--role-name=sealift",
        "--assume-role-policy-document",
    ];
    office.account.aws(&[&create[..], &[&trust]].concat());
    for task in ["plan", "apply"] {
        let refused = office.task(task, "thing_x").run();
        refused.failed(1, &["the role `sealift`", "not made by sealift", "--name"]);
    }
    office.task("destroy", "thing_x").arg("--yes").run().done();
    assert_eq!(office.inventory()["roles"], json!(["sealift"]));
}

#[test]
fn what_fails_is_told_without_the_secret() {
    let office = Office::new();
    let wrong = office
        .task("plan", "thing_x")
        .env("AWS_SECRET_ACCESS_KEY", "hush-hush")
        .run();
    wrong.failed(1, &["sts:GetCallerIdentity was refused"]);
    let nobody = office
        .task("plan", "thing_x")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .run();
    nobody.failed(1, &["got no answer from 127.0.0.1"]);
    for said in [&wrong, &nobody] {
        for secret in ["hush-hush", office.account.secret()] {
            assert!(!said.stderr.contains(secret), "{}", said.stderr);
        }
    }
}
