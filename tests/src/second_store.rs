//! An S3 that nobody here wrote, running beside a test.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use localcloud::Validity;
use serde_json::Value;

use crate::{Aws, Cloud, Program, Server};

/// Starts moto with the arguments that it describes.
const MOTO: &str = include_str!("second_store.py");

/// moto, which checks signatures with botocore's own signer, and a credentials provider that hands out what its STS
/// says. The device is that of a local cloud, which is asked for nothing else.
pub struct SecondStore {
    moto: Child,
    provider: Server,
    config: PathBuf,
    log: PathBuf,
    url: String,
}

impl SecondStore {
    /// The bucket that it has.
    pub const BUCKET: &str = "demo";

    /// A store for the device of `cloud`.
    pub fn start(cloud: &Cloud) -> Self {
        Self::start_with(cloud, |_| {})
    }

    /// A store whose credentials reach the device as `changed`.
    pub fn start_with(cloud: &Cloud, changed: impl FnOnce(&mut Value)) -> Self {
        let certificate = cloud
            .authority()
            .issue_server(["127.0.0.1"], Validity::default())
            .unwrap();
        let log = cloud.path("moto.log");
        let mut moto = Aws::interpreter();
        moto.args(["-c", MOTO])
            .arg(cloud.file("moto.crt", certificate.certificate_pem()))
            .arg(cloud.file("moto.key", certificate.key_pem()))
            .arg(&cloud.paths().ca)
            .arg(Self::BUCKET)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap());
        let mut moto = moto.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(moto.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        let mut ready: Value = serde_json::from_str(&ready)
            .unwrap_or_else(|_| panic!("moto: {}", fs::read_to_string(&log).unwrap()));
        changed(&mut ready["credentials"]);
        let url = ready["url"].as_str().unwrap().to_owned();
        let answer = serde_json::json!({ "credentials": ready["credentials"] });
        let provider = Server::provider(
            cloud,
            "200 OK",
            &["content-type: application/json"],
            answer.to_string(),
        );
        let config = configuration(cloud, &provider, &url);
        Self {
            moto,
            provider,
            config,
            log,
            url,
        }
    }

    /// `sealift` with the configuration of the device.
    pub fn program(&self, cloud: &Cloud) -> Program {
        Program::new()
            .arg("--config")
            .arg(&self.config)
            .env("XDG_STATE_HOME", cloud.path("state"))
    }

    /// `sealift` on a device that may reach these origins beside AWS's, and has no store of its own.
    pub fn caller(&self, cloud: &Cloud, allow: &[&str]) -> Program {
        let text = fs::read_to_string(&self.config).unwrap();
        let (text, _) = text.split_once("endpoint = \"https").unwrap();
        let text = format!("{text}\n[network]\nallow = {allow:?}\n");
        Program::new()
            .arg("--config")
            .arg(cloud.file("caller.toml", text))
            .env("XDG_STATE_HOME", cloud.path("state"))
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// AWS's own clients, with the credentials of the device.
    pub fn aws<'a>(&self, cloud: &'a Cloud) -> Aws<'a> {
        Aws::with(cloud, &self.config, &self.url)
    }

    /// Methods, targets and statuses of what it has answered, such as `PUT /demo/key 200`.
    pub fn answered(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap();
        log.lines().filter_map(answered).collect()
    }

    /// Whether the device showed its certificate whenever it asked for credentials, and did so.
    pub fn was_asked_for_credentials(&self) -> bool {
        let asked = self.provider.requests();
        !asked.is_empty() && asked.iter().all(|request| request.identified)
    }
}

impl Drop for SecondStore {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.moto.kill();
        let _ = self.moto.wait();
    }
}

/// What a line of the log tells: `127.0.0.1 - - [TIME] "PUT /demo/key HTTP/1.1" 200 -`.
fn answered(line: &str) -> Option<String> {
    let (_, request) = line.split_once("] \"")?;
    let (request, status) = request.split_once(" HTTP/1.1\" ")?;
    Some(format!("{request} {}", status.trim_end_matches(" -")))
}

/// What a user writes for a store that is not AWS's.
fn configuration(cloud: &Cloud, provider: &Server, url: &str) -> PathBuf {
    let paths = cloud.paths();
    let [certificate, key, ca] =
        [&paths.certificate, &paths.key, &paths.ca].map(|path| path.display());
    let (endpoint, region) = (provider.address(), localcloud::REGION);
    cloud.file(
        "second.toml",
        format!(
            "[device]\nthing_name = \"thing_x\"\ncertificate = \"{certificate}\"\nkey = \"{key}\"\nca = \"{ca}\"\n\
             [credentials]\nendpoint = \"{endpoint}\"\nrole_alias = \"s3_role_alias\"\n\
             [s3]\nregion = \"{region}\"\nendpoint = \"{url}\"\n"
        ),
    )
}
