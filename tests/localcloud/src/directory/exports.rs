//! `sealift.toml`, `roles-anywhere.toml` and `env`: how clients are told of a local cloud.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::Paths;
use crate::{PROFILE_ARN, REGION, ROLE_ALIAS, ROLE_ARN, THING_NAME, TRUST_ANCHOR_ARN};

/// What clients are told.
#[derive(Debug)]
pub(crate) struct Exports<'a> {
    /// `HOST:PORT` of the credentials provider.
    pub(crate) credentials_endpoint: &'a str,
    /// `HOST:PORT` of Roles Anywhere.
    pub(crate) roles_anywhere_endpoint: &'a str,
    /// `HOST:PORT` of Jobs.
    pub(crate) jobs_endpoint: &'a str,
    /// `https://HOST:PORT` of S3.
    pub(crate) s3_endpoint: &'a str,
    /// The bucket to use.
    pub(crate) bucket: &'a str,
}

/// What follows this line in a configuration belongs to the user and is kept.
const BOUNDARY: &str = "# What is added below this line stays when the local cloud starts again.";

/// The part of a configuration that the local cloud writes.
pub(super) struct Configuration(String);

impl Configuration {
    /// The whole text; `before` is what is in the file now.
    pub(super) fn keeping(&self, before: Option<&str>) -> String {
        let added = before
            .and_then(|text| text.split_once(BOUNDARY))
            .map_or("\n", |(_, added)| added);
        format!(
            "# Written by the local cloud at every start.\n\n{}\n{BOUNDARY}{added}",
            self.0
        )
    }
}

impl Exports<'_> {
    /// `sealift.toml`.
    pub(super) fn config(&self) -> Configuration {
        let Self {
            credentials_endpoint,
            ..
        } = self;
        Configuration(format!(
            r#"[device]
thing_name  = "{THING_NAME}"
certificate = "device.pem.crt"
key         = "private.pem.key"
ca          = "AmazonRootCA1.pem"

[credentials]
endpoint   = "{credentials_endpoint}"
role_alias = "{ROLE_ALIAS}"

{s3}"#,
            s3 = self.s3()
        ))
    }

    /// `roles-anywhere.toml`.
    pub(super) fn roles_anywhere_config(&self) -> Configuration {
        let Self {
            roles_anywhere_endpoint,
            ..
        } = self;
        Configuration(format!(
            r#"[device]
certificate = "device.pem.crt"
key         = "private.pem.key"
ca          = "AmazonRootCA1.pem"
sign_for    = ["roles-anywhere"]

[credentials]
provider         = "roles-anywhere"
endpoint         = "{roles_anywhere_endpoint}"
trust_anchor_arn = "{TRUST_ANCHOR_ARN}"
profile_arn      = "{PROFILE_ARN}"
role_arn         = "{ROLE_ARN}"

{s3}"#,
            s3 = self.s3()
        ))
    }

    fn s3(&self) -> String {
        let Self { s3_endpoint, .. } = self;
        format!("[s3]\nregion   = \"{REGION}\"\nendpoint = \"{s3_endpoint}\"\n")
    }

    /// The text of `env`, to be sourced by a shell.
    pub(super) fn env(&self, paths: &Paths) -> Vec<u8> {
        let variables: [(&str, &OsStr); 11] = [
            ("ENDPOINT_NAME", self.credentials_endpoint.as_ref()),
            (
                "ROLES_ANYWHERE_ENDPOINT",
                self.roles_anywhere_endpoint.as_ref(),
            ),
            ("TRUST_ANCHOR_ARN", TRUST_ANCHOR_ARN.as_ref()),
            ("PROFILE_ARN", PROFILE_ARN.as_ref()),
            ("ROLE_ARN", ROLE_ARN.as_ref()),
            ("JOBS_ENDPOINT", self.jobs_endpoint.as_ref()),
            ("AWS_ENDPOINT_URL_S3", self.s3_endpoint.as_ref()),
            ("AWS_REGION", REGION.as_ref()),
            // What older SDKs read.
            ("AWS_DEFAULT_REGION", REGION.as_ref()),
            ("AWS_CA_BUNDLE", paths.ca.as_os_str()),
            ("BUCKET", self.bucket.as_ref()),
        ];
        let mut text = Vec::new();
        for (name, value) in variables {
            text.extend_from_slice(format!("export {name}=").as_bytes());
            quote(value, &mut text);
            text.push(b'\n');
        }
        text
    }
}

/// Single quotes protect everything but themselves (POSIX, Shell Command
/// Language, 2.2.2).
fn quote(value: &OsStr, text: &mut Vec<u8>) {
    text.push(b'\'');
    for &byte in value.as_bytes() {
        match byte {
            b'\'' => text.extend_from_slice(br"'\''"),
            _ => text.push(byte),
        }
    }
    text.push(b'\'');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::path::Path;
    use std::process::Command;

    fn exports() -> Exports<'static> {
        Exports {
            credentials_endpoint: "127.0.0.1:1",
            roles_anywhere_endpoint: "127.0.0.1:4",
            jobs_endpoint: "127.0.0.1:5",
            s3_endpoint: "https://127.0.0.1:2",
            bucket: "demo",
        }
    }

    #[test]
    fn what_the_user_added_to_the_configuration_stays() {
        let first = exports().config().keeping(None);
        let edited = format!("{first}[service]\nstate = \"s\"\n");
        let moved = Exports {
            s3_endpoint: "https://127.0.0.1:3",
            ..exports()
        };
        let second = moved.config().keeping(Some(&edited));
        assert!(second.contains("https://127.0.0.1:3") && !second.contains("127.0.0.1:2"));
        assert!(second.ends_with("\n[service]\nstate = \"s\"\n"));
        assert_eq!(moved.config().keeping(Some(&second)), second);
    }

    #[test]
    fn a_shell_reads_back_any_path() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("it's $HOME `x` \"y\"\\");
        std::fs::create_dir(&odd).unwrap();
        let paths = Paths::in_directory(&odd);
        std::fs::write(&paths.env, exports().env(&paths)).unwrap();
        let output = Command::new("sh")
            .args(["-c", ". \"$0\"; printf %s \"$AWS_CA_BUNDLE\""])
            .arg(&paths.env)
            .output()
            .unwrap();
        assert_eq!(Path::new(OsStr::from_bytes(&output.stdout)), paths.ca);
    }
}
