//! The client of Roles Anywhere in Python, which shares no code with the cloud.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::Request;
use localcloud::{Certificate, PROFILE_ARN, ROLE_ARN, TRUST_ANCHOR_ARN};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::{Client, Cloud, Credentials, Response};

/// The client in Python, with a certificate and its key.
pub struct Signer<'a> {
    cloud: &'a Cloud,
    arguments: Vec<OsString>,
    /// Until it ends.
    files: Vec<NamedTempFile>,
}

/// Status, kind and message of a refusal, and the reason that AWS keeps to itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: u16,
    pub kind: String,
    pub message: String,
    pub reason: String,
}

impl<'a> Signer<'a> {
    pub fn new(cloud: &'a Cloud, certificate_pem: &str, key_pem: &str) -> Self {
        let certificate = file(certificate_pem);
        let key = file(key_pem);
        let mut signer = Self {
            cloud,
            arguments: Vec::new(),
            files: Vec::new(),
        };
        signer
            .option("--endpoint", cloud.cloud.roles_anywhere_endpoint())
            .option("--ca", cloud.cloud.paths().ca.as_os_str())
            .option("--certificate", certificate.path())
            .option("--key", key.path())
            .option("--trust-anchor-arn", TRUST_ANCHOR_ARN)
            .option("--profile-arn", PROFILE_ARN)
            .option("--role-arn", ROLE_ARN);
        signer.files.extend([certificate, key]);
        signer
    }

    pub fn of(cloud: &'a Cloud, certificate: &Certificate) -> Self {
        Self::new(cloud, certificate.certificate_pem(), certificate.key_pem())
    }

    /// Sets an option; of those that are set twice, the last counts.
    pub fn option(&mut self, name: &str, value: impl Into<OsString>) -> &mut Self {
        self.arguments.extend([name.into(), value.into()]);
        self
    }

    /// Sends intermediate certificates along.
    pub fn chain(&mut self, pem: &str) -> &mut Self {
        let chain = file(pem);
        self.option("--chain", chain.path());
        self.files.push(chain);
        self
    }

    /// What Python's own request was answered.
    pub async fn session(&self) -> Value {
        let output = self.run(&[]).await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The request that it would send.
    pub async fn request(&self) -> Value {
        let output = self.run(&["--print"]).await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// How its request is refused.
    pub async fn refused(&self) -> Refused {
        self.cloud.refused(&self.request().await).await
    }

    async fn run(&self, more: &[&str]) -> std::process::Output {
        python()
            .args(&self.arguments)
            .args(more)
            .output()
            .await
            .unwrap()
    }
}

impl Cloud {
    pub fn roles_anywhere(&self) -> Client {
        let address = self.cloud.roles_anywhere_endpoint();
        Client::new(self.cloud.authority().certificate_pem(), address, None)
    }

    /// Sends a request as [`Signer::request`] has it.
    pub async fn send_session(&self, request: &Value) -> Response {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut builder = Request::builder()
            .method(text(&request["method"]).as_str())
            .uri(text(&request["path"]));
        for (name, value) in request["headers"].as_object().unwrap() {
            builder = builder.header(name, text(value));
        }
        let body = Bytes::from(text(&request["body"]));
        let response = self
            .roles_anywhere()
            .send(builder.body(body).unwrap())
            .await;
        response.unwrap()
    }

    /// How a request is refused; nothing is handed out.
    pub async fn refused(&self, request: &Value) -> Refused {
        let before = self.cloud.counts().credentials_issued;
        let response = self.send_session(request).await;
        assert!(!response.status.is_success(), "{response:?}");
        assert!(!response.header("x-amzn-requestid").is_empty());
        assert_eq!(self.cloud.counts().credentials_issued, before);
        Refused {
            status: response.status.as_u16(),
            kind: response.header("x-amzn-errortype").to_owned(),
            message: response.json()["message"].as_str().unwrap().to_owned(),
            reason: response.header("x-localcloud-reason").to_owned(),
        }
    }
}

impl Credentials {
    /// Those in the answer to a `CreateSession`.
    pub fn of_session(session: &Value) -> Self {
        let field = |name: &str| {
            let credentials = &session["credentialSet"][0]["credentials"];
            credentials[name].as_str().unwrap().to_owned()
        };
        Self {
            access_key_id: field("accessKeyId"),
            secret_access_key: field("secretAccessKey"),
            session_token: field("sessionToken"),
            expiration: field("expiration"),
        }
    }
}

/// What Python's judge finds wrong with a request, other than that it does not lead to the trust anchor.
pub async fn judge(request: &Value) -> Vec<String> {
    let file = file(&request.to_string());
    let mut command = python();
    command.arg("--verify").arg(file.path());
    let output = command.output().await.unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!lines.is_empty() && stderr.is_empty(), "{stderr}");
    assert_eq!(output.status.success(), lines == ["ok"]);
    lines
}

/// The client, in the environment that `tests/run` sets up.
pub fn python() -> Command {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let interpreter: PathBuf = tests.join(".venv/bin/python");
    let path = interpreter.display();
    assert!(
        interpreter.is_file(),
        "{path} is missing: tests/run sets it up"
    );
    let mut command = Command::new(interpreter);
    command.env_clear().env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(tests.join("src/roles_anywhere.py"));
    command
}

fn file(contents: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), contents).unwrap();
    file
}
