//! The answer with credentials in it.

use serde::Serialize;

use super::certificate::Identity;
use super::session::SessionRequest;
use crate::hex::Hex;
use crate::issued::Credentials;
use crate::json_answer::CredentialsJson;
use crate::{ACCOUNT_ID, REGION};

/// The role's id, which IAM would have made up.
const ROLE_ID: &str = "AROALOCALCLOUDROLE000";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session<'a> {
    credential_set: [CredentialSet<'a>; 1],
    subject_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialSet<'a> {
    assumed_role_user: AssumedRoleUser,
    credentials: CredentialsJson<'a>,
    /// In percent; there are no session policies and no tags.
    packed_policy_size: u8,
    role_arn: &'a str,
    source_identity: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssumedRoleUser {
    arn: String,
    assumed_role_id: String,
}

impl<'a> Session<'a> {
    pub(super) fn of(
        request: &'a SessionRequest,
        identity: &Identity,
        credentials: &'a Credentials,
    ) -> Self {
        let role_arn = request.role_arn.as_str();
        let role = role_arn.rsplit('/').next().unwrap_or_default();
        let name = request.role_session_name.as_ref();
        let name = name.unwrap_or(&identity.serial_hex);
        Self {
            credential_set: [CredentialSet {
                assumed_role_user: AssumedRoleUser {
                    arn: format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role}/{name}"),
                    assumed_role_id: format!("{ROLE_ID}:{name}"),
                },
                credentials: CredentialsJson::of(credentials),
                packed_policy_size: 0,
                role_arn,
                source_identity: source_identity(identity),
            }],
            subject_arn: format!(
                "arn:aws:rolesanywhere:{REGION}:{ACCOUNT_ID}:subject/{}",
                uuid(&identity.subject_digest)
            ),
        }
    }
}

/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>, "Source identity rules".
fn source_identity(identity: &Identity) -> String {
    match &identity.common_name {
        Some(name) if name.chars().count() <= 61 => format!("CN={name}"),
        Some(name) => name.clone(),
        None => format!("ID={}", identity.serial_hex),
    }
}

/// Sixteen of the bytes, as UUIDs are written.
fn uuid(digest: &[u8; 32]) -> String {
    let groups = [
        &digest[..4],
        &digest[4..6],
        &digest[6..8],
        &digest[8..10],
        &digest[10..16],
    ];
    groups.map(|group| Hex(group).to_string()).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_identity_is_the_common_name_or_the_serial_number() {
        let identity = |common_name: Option<String>| Identity {
            serial: "291".to_owned(),
            serial_hex: "0123".to_owned(),
            common_name,
            subject_digest: [0; 32],
        };
        let long = "n".repeat(62);
        assert_eq!(source_identity(&identity(None)), "ID=0123");
        assert_eq!(
            source_identity(&identity(Some("Alice".to_owned()))),
            "CN=Alice"
        );
        assert_eq!(source_identity(&identity(Some(long.clone()))), long);
    }
}
