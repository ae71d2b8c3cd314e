//! What a program's environment says of the server.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use sealift_config::Region;

/// The variables by which an SDK of AWS finds the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointEnvironment {
    uri: String,
    token_file: PathBuf,
    region: Option<Region>,
}

impl EndpointEnvironment {
    pub(crate) fn new(
        address: SocketAddr,
        path: &str,
        token_file: PathBuf,
        region: Option<Region>,
    ) -> Self {
        Self {
            uri: format!("http://{address}{path}"),
            token_file,
            region,
        }
    }

    /// Variables that have to go: SDKs would take credentials from there first, or show another token.
    /// ("Credential provider chain", AWS SDKs and Tools Reference Guide.)
    pub const REMOVED: &'static [&'static str] = &[
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ];

    /// Variables and their values. The region is there under both names that SDKs know, if the configuration
    /// tells it.
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                self.uri.clone().into(),
            ),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                self.token_file.clone().into_os_string(),
            ),
        ];
        if let Some(region) = &self.region {
            for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
                variables.push((name, region.as_str().into()));
            }
        }
        variables
    }
}
