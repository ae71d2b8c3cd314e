//! AWS's own clients, which `tests/run` installs: independent readers of what we wrote, and users
//! of the credentials that we hand out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Cloud, Outcome, Program};

/// AWS's command line and SDK for a cloud's device: they get credentials from
/// `sealift credentials` and nowhere else.
pub struct Aws<'a> {
    cloud: &'a Cloud,
    config: PathBuf,
    s3: String,
}

/// An object as an independent client sees it.
#[derive(Debug)]
pub struct Seen {
    /// Its bytes, as hexadecimal digits.
    pub hex: String,
    /// Its content type.
    pub content_type: String,
    /// Its additional checksums in base64, by names such as `ChecksumCRC32`.
    pub checksums: BTreeMap<String, String>,
}

/// Prints every object of the bucket in `argv[1]`, keyed by its name.
const READ_ALL: &str = r#"
bucket, seen = sys.argv[1], {}
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
    for key in [entry["Key"] for entry in page.get("Contents", [])]:
        got = s3.get_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        seen[key] = {
            "hex": got["Body"].read().hex(),
            "content_type": got["ContentType"],
            "checksums": {n: v for n, v in got.items() if n.startswith("Checksum") and n != "ChecksumType"},
        }
json.dump(seen, sys.stdout)
"#;

impl<'a> Aws<'a> {
    /// The clients of the cloud's device.
    pub fn on(cloud: &'a Cloud) -> Self {
        Self::with(cloud, &cloud.paths().config, cloud.s3_endpoint())
    }

    /// The clients of the cloud's device in another configuration, which has S3 at `s3`.
    pub fn with(cloud: &'a Cloud, device: &Path, s3: &str) -> Self {
        let sealift = Program::path();
        let process = format!(
            "\"{}\" --config \"{}\" credentials",
            sealift.display(),
            device.display()
        );
        let config = cloud.file(
            "aws/config",
            format!("[profile device]\ncredential_process = {process}\n"),
        );
        Self {
            cloud,
            config,
            s3: s3.to_owned(),
        }
    }

    /// The file with the profile `device`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The ids of multipart uploads to the bucket `demo` that were begun and not ended.
    pub fn unfinished_uploads(&self) -> Vec<String> {
        let listed = self.command_line(&[
            "s3api",
            "list-multipart-uploads",
            "--bucket=demo",
            "--query=Uploads[].UploadId",
            "--output=text",
        ]);
        let ids = listed.done().split_whitespace().map(str::to_owned);
        // What the command line prints for nothing.
        ids.filter(|id| id != "None").collect()
    }

    /// Calls `aws` with these arguments.
    pub fn command_line(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.tool("aws");
        command
            .args(["--profile", "device", "--endpoint-url", &self.s3])
            .args(arguments);
        command.output().unwrap().into()
    }

    /// Runs a Python program with these arguments; what it prints is JSON. It has boto3, and `s3`, a client.
    #[track_caller]
    pub fn boto3(&self, program: &str, arguments: &[&str]) -> Value {
        let outcome: Outcome = self
            .tool("python")
            .arg("-c")
            .arg(format!(
                "import boto3, json, sys\ns3 = boto3.client('s3')\n{program}"
            ))
            .args(arguments)
            .output()
            .unwrap()
            .into();
        serde_json::from_str(outcome.done()).unwrap()
    }

    /// Every object of a bucket, read through boto3.
    #[track_caller]
    pub fn objects(&self, bucket: &str) -> BTreeMap<String, Seen> {
        let Value::Object(seen) = self.boto3(READ_ALL, &[bucket]) else {
            panic!("not an object")
        };
        seen.into_iter()
            .map(|(key, value)| (key, Seen::from(&value)))
            .collect()
    }

    /// Python with what `tests/run` installed, for which nothing of this machine counts.
    pub fn interpreter() -> Command {
        installed("python")
    }

    /// The AWS CLI, for which nothing of this machine counts.
    pub fn client() -> Command {
        installed("aws")
    }

    /// What AWS has against a template for stacks.
    pub fn template_linter() -> Command {
        installed("cfn-lint")
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = installed(name);
        command
            .env("XDG_STATE_HOME", self.cloud.path("state"))
            .env("XDG_CACHE_HOME", Program::cache());
        command
            .env("AWS_CONFIG_FILE", &self.config)
            .env("AWS_PROFILE", "device");
        command
            .env("AWS_REGION", localcloud::REGION)
            .env("AWS_DEFAULT_REGION", localcloud::REGION);
        command.env("AWS_ENDPOINT_URL_S3", &self.s3);
        command.env("AWS_CA_BUNDLE", &self.cloud.paths().ca);
        command
    }
}

/// A program of the virtual environment, for which nothing of this machine counts.
fn installed(name: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(".venv/bin")
        .join(name);
    assert!(
        path.is_file(),
        "{} is missing: tests/run sets it up",
        path.display()
    );
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::null());
    command
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/nonexistent")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

impl Seen {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let digits = self.hex.as_bytes().chunks(2);
        digits
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }
}

impl From<&Value> for Seen {
    fn from(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let checksums = value["checksums"].as_object().unwrap();
        Self {
            hex: text(&value["hex"]),
            content_type: text(&value["content_type"]),
            checksums: checksums
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
        }
    }
}
