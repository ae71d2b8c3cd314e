//! Why the credentials provider refuses, as measured, and the command that cures it.

use http::StatusCode;

/// The refusals that the provider is known to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The thing named in the request is not attached to this certificate.
    ThingNotAttached,
    /// No IoT policy lets this certificate assume the alias.
    NotAllowed,
    /// The certificate is of another account or region, or is not active.
    WrongEndpointOrCertificate,
    /// The role alias does not exist.
    NoSuchAlias,
    /// The alias's role is missing, or does not trust the credentials provider.
    RoleNotAssumable,
    /// The alias promises longer sessions than its role allows.
    SessionTooLong,
}

impl Cause {
    /// The provider tells refusals apart only by these sentences.
    const MEASURED: [(StatusCode, &'static str, Self); 6] = [
        (
            StatusCode::FORBIDDEN,
            "Invalid thing name passed",
            Self::ThingNotAttached,
        ),
        (StatusCode::FORBIDDEN, "Access Denied", Self::NotAllowed),
        (
            StatusCode::FORBIDDEN,
            "Certificate is invalid on this endpoint",
            Self::WrongEndpointOrCertificate,
        ),
        (
            StatusCode::NOT_FOUND,
            "Role alias does not exist",
            Self::NoSuchAlias,
        ),
        (
            StatusCode::BAD_REQUEST,
            "Unable to assume the role, or the role to assume does not exist",
            Self::RoleNotAssumable,
        ),
        (
            StatusCode::BAD_REQUEST,
            "The requested CredentialDurationSeconds exceeds the MaxSessionDuration set for the role",
            Self::SessionTooLong,
        ),
    ];

    /// The cause behind a refusal, if it is a known one.
    pub(super) fn of(status: StatusCode, message: &str) -> Option<Self> {
        let said = message.trim().trim_end_matches('.');
        let row = Self::MEASURED.into_iter().find(|(known, sentence, _)| {
            *known == status && starts_with_ignoring_case(said, sentence)
        });
        row.map(|(_, _, cause)| cause)
    }

    /// What is wrong, to follow "cannot fetch credentials for role alias `…`: ".
    pub(super) fn explain(self, thing: Option<&str>) -> String {
        match (self, thing) {
            (Self::ThingNotAttached, Some(thing)) => {
                format!("thing `{thing}` is not attached to this device's certificate")
            }
            (Self::ThingNotAttached, None) => {
                "the certificate is not attached to the thing that the policy asks for".to_owned()
            }
            (Self::NotAllowed, _) => {
                "no IoT policy of this certificate allows iot:AssumeRoleWithCertificate on it"
                    .to_owned()
            }
            (Self::WrongEndpointOrCertificate, _) => {
                "the endpoint belongs to another account or region, or the certificate is not active"
                    .to_owned()
            }
            (Self::NoSuchAlias, _) => "it does not exist in this account and region".to_owned(),
            (Self::RoleNotAssumable, _) => {
                "its role does not exist or does not trust credentials.iot.amazonaws.com".to_owned()
            }
            (Self::SessionTooLong, _) => {
                "it asks for longer sessions than its role's MaxSessionDuration allows".to_owned()
            }
        }
    }

    /// The commands that cure it. Alias and thing are of characters that need no quoting.
    pub(super) fn cure(self, alias: &str, thing: Option<&str>) -> String {
        let thing = thing.unwrap_or("THING_NAME");
        match self {
            Self::ThingNotAttached => format!(
                "aws iot attach-thing-principal --thing-name {thing} --principal CERTIFICATE_ARN"
            ),
            Self::NotAllowed => format!(
                "aws iot attach-policy --target CERTIFICATE_ARN --policy-name POLICY_NAME, with a \
                 policy that allows iot:AssumeRoleWithCertificate on \
                 arn:aws:iot:REGION:ACCOUNT:rolealias/{alias}"
            ),
            Self::WrongEndpointOrCertificate => {
                "compare the endpoint with: aws iot describe-endpoint --endpoint-type \
                 iot:CredentialProvider; activate the certificate with: aws iot update-certificate \
                 --certificate-id CERTIFICATE_ID --new-status ACTIVE"
                    .to_owned()
            }
            Self::NoSuchAlias => format!(
                "look for the right name with: aws iot list-role-aliases; or create it with: \
                 aws iot create-role-alias --role-alias {alias} --role-arn ROLE_ARN"
            ),
            Self::RoleNotAssumable => format!(
                "find the role with: aws iot describe-role-alias --role-alias {alias}; then let \
                 credentials.iot.amazonaws.com assume it with: aws iam update-assume-role-policy \
                 --role-name ROLE_NAME --policy-document file://trust.json"
            ),
            Self::SessionTooLong => format!(
                "aws iot update-role-alias --role-alias {alias} --credential-duration-seconds 3600"
            ),
        }
    }
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}
