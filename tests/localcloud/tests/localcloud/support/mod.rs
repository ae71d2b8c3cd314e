//! A client that does what it is told and checks nothing itself.

#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    unreachable_pub,
    reason = "tests, each of which uses a part of this"
)]

mod client;
mod roles_anywhere;
mod s3;

pub use client::{Client, Failure, Response};
pub use roles_anywhere::{Refused, Signer, judge, python};
pub use s3::{Payload, S3, aws_chunked, crc64nvme};

use http::StatusCode;
use localcloud::{LocalCloud, REGION, Settings};
use tempfile::TempDir;

/// A local cloud in a directory of its own.
pub struct Cloud {
    pub cloud: LocalCloud,
    pub dir: TempDir,
}

impl Cloud {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(dir.path());
        change(&mut settings);
        let cloud = localcloud::start(settings).await.unwrap();
        Self { cloud, dir }
    }

    /// The device that the cloud made, as a client of the credentials provider.
    pub fn device(&self) -> Client {
        let paths = self.cloud.paths();
        let certificate = std::fs::read_to_string(&paths.certificate).unwrap();
        let key = std::fs::read_to_string(&paths.key).unwrap();
        self.provider_client(Some((&certificate, &key)))
    }

    pub fn provider_client(&self, identity: Option<(&str, &str)>) -> Client {
        let address = self.cloud.credentials_endpoint();
        Client::new(self.cloud.authority().certificate_pem(), address, identity)
    }

    pub async fn credentials(&self) -> Credentials {
        let response = self
            .device()
            .get("/role-aliases/s3_role_alias/credentials", &[])
            .await
            .unwrap();
        assert_eq!(response.status, StatusCode::OK, "{:?}", response.body);
        Credentials::of(&response)
    }

    /// A client of S3 with fresh credentials.
    pub async fn s3(&self) -> S3 {
        self.s3_with(self.credentials().await)
    }

    pub fn s3_with(&self, credentials: Credentials) -> S3 {
        let address = self.cloud.s3_endpoint().strip_prefix("https://").unwrap();
        let client = Client::new(self.cloud.authority().certificate_pem(), address, None);
        S3 {
            client,
            credentials,
            region: REGION.to_owned(),
            clock_offset: 0,
        }
    }
}

#[derive(Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    pub expiration: String,
}

impl Credentials {
    pub fn of(response: &Response) -> Self {
        let json = response.json();
        let field = |name: &str| json["credentials"][name].as_str().unwrap().to_owned();
        Self {
            access_key_id: field("accessKeyId"),
            secret_access_key: field("secretAccessKey"),
            session_token: field("sessionToken"),
            expiration: field("expiration"),
        }
    }
}
