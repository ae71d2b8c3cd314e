//! The control plane of an AWS account, running beside a test.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{Aws, Cloud, Program};

/// Starts moto with the arguments that it describes.
const MOTO: &str = include_str!("control_plane.py");

/// moto as an account whose certificates are signed by the authority of a cloud, and whose credentials provider is the cloud's.
pub struct ControlPlane {
    moto: Child,
    access: [(&'static str, String); 5],
}

impl ControlPlane {
    /// An empty account.
    pub fn start(cloud: &Cloud) -> Self {
        let log = cloud.path("moto.log");
        let ca = &cloud.paths().ca;
        let mut moto = Aws::interpreter();
        moto.args(["-c", MOTO])
            .arg(ca)
            .arg(ca.parent().unwrap().join(".localcloud/ca.pem.key"))
            .arg(cloud.credentials_endpoint())
            .env("AWS_CONFIG_FILE", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap());
        let mut moto = moto.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(moto.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        let ready: Value = serde_json::from_str(&ready)
            .unwrap_or_else(|_| panic!("moto: {}", fs::read_to_string(&log).unwrap()));
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let region = || localcloud::REGION.to_owned();
        let access = [
            ("AWS_ENDPOINT_URL", text("url")),
            ("AWS_ACCESS_KEY_ID", text("id")),
            ("AWS_SECRET_ACCESS_KEY", text("secret")),
            ("AWS_REGION", region()),
            ("AWS_DEFAULT_REGION", region()),
        ];
        Self { moto, access }
    }

    /// The administrator's secret.
    pub fn secret(&self) -> &str {
        &self.access[2].1
    }

    /// `sealift provision` of an administrator.
    pub fn provision(&self, task: &str) -> Program {
        let program = Program::new().args(["provision", task]);
        self.access
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value))
    }

    /// What the AWS CLI of the administrator answers.
    #[track_caller]
    pub fn aws(&self, arguments: &[&str]) -> Value {
        let mut aws: Command = Aws::client();
        aws.envs(self.access.iter().map(|(name, value)| (name, value)));
        let answered = aws.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&answered.stderr);
        assert!(answered.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&answered.stdout).unwrap_or(Value::Null)
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.moto.kill();
        let _ = self.moto.wait();
    }
}
