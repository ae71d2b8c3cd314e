//! How each client is called.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::discard::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Server, session_token};
use crate::stage::{ALIAS, BUCKET, REGION, Stage, THING};

/// A client that takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// `sealift put`: each file with one PUT, one after the other where they are large.
    Sealift,
    /// `sealift put` with eight parts at once.
    SealiftParts,
    /// The same without the sandbox.
    Native,
    /// `curl -T`.
    Curl,
    /// awscrt's S3 client as it is.
    Awscrt,
    /// awscrt's S3 client held to one PUT per object on one connection.
    AwscrtSingle,
    /// `aws s3 cp`.
    AwsCli,
}

impl Side {
    /// The name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sealift => "sealift",
            Self::SealiftParts => "sealift, 8 parts",
            Self::Native => "native",
            Self::Curl => "curl",
            Self::Awscrt => "awscrt",
            Self::AwscrtSingle => "awscrt, one connection",
            Self::AwsCli => "aws-cli",
        }
    }
}

/// Where the clients' programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The program that is measured.
    pub(crate) sealift: PathBuf,
    /// This program.
    pub(crate) bench: PathBuf,
    /// The `bin` of the virtual environment with awscrt and the AWS CLI.
    pub(crate) venv: PathBuf,
    /// The folder of the peers' scripts.
    pub(crate) scripts: PathBuf,
}

/// The clients, set up for a server.
#[derive(Debug)]
pub(crate) struct Peers<'a> {
    /// Where they are.
    pub(crate) programs: &'a Programs,
    /// What they find there.
    pub(crate) stage: &'a Stage,
    /// Whom they talk to.
    pub(crate) server: &'a Server,
}

impl Peers<'_> {
    /// Uploads files, or what is in a folder: credentials by mutual TLS for us, given ones for the others.
    pub(crate) fn put(&self, side: Side, files: &[PathBuf]) -> Vec<Command> {
        vec![match side {
            Side::Sealift if files.iter().any(|file| file.is_dir()) => self.sealift(&[], files),
            Side::Sealift => self.sealift(&["--jobs=1", "--multipart-threshold=5GiB"], files),
            Side::SealiftParts => self.sealift(&["--concurrency=8"], files),
            Side::Native => {
                let mut command = Command::new(&self.programs.bench);
                command
                    .arg("native")
                    .arg(self.stage.path("sealift.toml"))
                    .args(files);
                command
            }
            Side::Curl => self.curl_put(files),
            Side::Awscrt => self.awscrt(&["--in-flight", "32"], files),
            Side::AwscrtSingle => self.awscrt(&["--single"], files),
            Side::AwsCli => self.aws_cli(files),
        }]
    }

    /// Fetches credentials by mutual TLS and uploads one small file with them. The AWS CLI has its credentials already.
    pub(crate) fn fetch_and_put(&self, side: Side, file: &Path) -> Vec<Command> {
        let mut commands = self.put(side, &[file.to_owned()]);
        if side == Side::Curl {
            commands.insert(0, self.curl_credentials());
        }
        commands
    }

    fn sealift(&self, options: &[&str], files: &[PathBuf]) -> Command {
        let mut command = Command::new(&self.programs.sealift);
        command
            .arg("--config")
            .arg(self.stage.path("sealift.toml"))
            .args(["put", "-r"])
            .args(options)
            .args(files)
            .arg(format!("s3://{BUCKET}/sealift/"))
            .env("XDG_CACHE_HOME", self.stage.path("cache"))
            .env("XDG_STATE_HOME", self.stage.path("state"));
        command
    }

    fn curl(&self) -> Command {
        let mut command = Command::new("curl");
        command.args([
            "--disable",
            "--silent",
            "--show-error",
            "--fail",
            "--http1.1",
            "--tlsv1.3",
            "--cacert",
        ]);
        command.arg(self.stage.path("ca.pem"));
        command
    }

    fn curl_credentials(&self) -> Command {
        let mut command = self.curl();
        command.arg("--cert").arg(self.stage.path("device.pem"));
        command.arg("--key").arg(self.stage.path("device.key"));
        command.args(["--header", &format!("x-amzn-iot-thingname: {THING}")]);
        command.arg(format!(
            "https://{}/role-aliases/{ALIAS}/credentials",
            self.server.provider
        ));
        command
    }

    fn curl_put(&self, files: &[PathBuf]) -> Command {
        let mut command = self.curl();
        command.args(["--aws-sigv4", &format!("aws:amz:{REGION}:s3")]);
        command.args(["--user", &format!("{ACCESS_KEY_ID}:{SECRET_ACCESS_KEY}")]);
        command.args([
            "--header",
            &format!("x-amz-security-token: {}", session_token()),
        ]);
        command.args(["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"]);
        for (number, file) in files.iter().enumerate() {
            command.arg("--upload-file").arg(file);
            command.arg(format!("https://{}/{BUCKET}/curl/{number}", self.server.s3));
        }
        command
    }

    fn awscrt(&self, options: &[&str], files: &[PathBuf]) -> Command {
        let mut command = Command::new(self.programs.venv.join("python"));
        command.arg(self.programs.scripts.join("awscrt_put.py"));
        command.arg("--ca").arg(self.stage.path("ca.pem"));
        command.args(["--host", &self.server.s3.to_string(), "--bucket", BUCKET]);
        command.args(options).args(files);
        given_credentials(&mut command);
        command
    }

    fn aws_cli(&self, files: &[PathBuf]) -> Command {
        let mut command = Command::new(self.programs.venv.join("aws"));
        command.args([
            "--endpoint-url",
            &format!("https://{}", self.server.s3),
            "s3",
            "cp",
            "--quiet",
        ]);
        command.args(files).arg(format!("s3://{BUCKET}/aws/"));
        command.env("AWS_CA_BUNDLE", self.stage.path("ca.pem"));
        given_credentials(&mut command);
        command
    }
}

fn given_credentials(command: &mut Command) {
    command
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .env("AWS_SESSION_TOKEN", session_token())
        .env("AWS_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true");
}
