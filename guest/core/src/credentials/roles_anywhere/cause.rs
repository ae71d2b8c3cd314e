//! Why IAM Roles Anywhere refuses, and the command that cures it.

use http::StatusCode;

use super::Arns;

/// The refusals that the service is known to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// No chain of valid certificates leads from the certificate to the trust anchor.
    UntrustedCertificate,
    /// The certificate is not of the kind that the service takes.
    InsufficientCertificate,
    /// The certificate is on a revocation list.
    RevokedCertificate,
    /// The signature is not by the certificate's key, or not over this request.
    InvalidSignature,
    /// The role does not exist or does not trust the service.
    RoleNotAssumable,
    /// The session would last longer than the role allows.
    SessionTooLong,
    /// The role is not one of the profile's.
    RoleNotInProfile,
    /// The trust anchor or the profile is switched off.
    Disabled,
    /// The profile does not exist in this account and region.
    NoSuchProfile,
    /// The trust anchor does not exist in this account and region.
    NoSuchTrustAnchor,
    /// The profile does not let callers name their sessions.
    SessionNameNotAccepted,
}

impl Cause {
    /// What sentences hold, in lower case, the more specific first: the service tells most refusals apart only
    /// by them. As users of AWS's own helper report them.
    const KNOWN: [(StatusCode, &'static str, Self); 11] = [
        (
            StatusCode::FORBIDDEN,
            "insufficient certificate",
            Self::InsufficientCertificate,
        ),
        (StatusCode::FORBIDDEN, "revoked", Self::RevokedCertificate),
        (
            StatusCode::FORBIDDEN,
            "untrusted",
            Self::UntrustedCertificate,
        ),
        (
            StatusCode::FORBIDDEN,
            "invalid signature",
            Self::InvalidSignature,
        ),
        (
            StatusCode::FORBIDDEN,
            "maxsessionduration",
            Self::SessionTooLong,
        ),
        (
            StatusCode::FORBIDDEN,
            "unable to assume role",
            Self::RoleNotAssumable,
        ),
        (
            StatusCode::FORBIDDEN,
            "listed in the profile",
            Self::RoleNotInProfile,
        ),
        (StatusCode::FORBIDDEN, "empty profile", Self::NoSuchProfile),
        (
            StatusCode::FORBIDDEN,
            "rolesessionname",
            Self::SessionNameNotAccepted,
        ),
        (StatusCode::FORBIDDEN, "disabled", Self::Disabled),
        (
            StatusCode::NOT_FOUND,
            "trust anchor",
            Self::NoSuchTrustAnchor,
        ),
    ];

    /// The cause behind a refusal, if it is a known one.
    pub(super) fn of(status: StatusCode, message: &str) -> Option<Self> {
        let said = message.to_ascii_lowercase();
        let row = Self::KNOWN
            .into_iter()
            .find(|(known, sentence, _)| *known == status && said.contains(sentence));
        row.map(|(_, _, cause)| cause)
    }

    /// What is wrong, to follow "cannot start a session … for role `…`: ".
    pub(super) fn explain(self, arns: &Arns) -> String {
        let Arns {
            trust_anchor,
            profile,
            ..
        } = arns;
        match self {
            Self::UntrustedCertificate => format!(
                "no chain of valid certificates leads from the device's to trust anchor `{trust_anchor}`"
            ),
            Self::InsufficientCertificate => {
                "the device's certificate is not of the kind that the service takes".to_owned()
            }
            Self::RevokedCertificate => "the device's certificate is revoked".to_owned(),
            Self::InvalidSignature => {
                "the service does not find the signature to be by the certificate's key".to_owned()
            }
            Self::RoleNotAssumable => {
                "it does not exist or does not trust rolesanywhere.amazonaws.com".to_owned()
            }
            Self::SessionTooLong => {
                "the session would be longer than the role's MaxSessionDuration".to_owned()
            }
            Self::RoleNotInProfile => format!("it is not one of the roles of profile `{profile}`"),
            Self::Disabled => {
                format!("trust anchor `{trust_anchor}` or profile `{profile}` is disabled")
            }
            Self::NoSuchProfile => format!("profile `{profile}` does not exist or has no roles"),
            Self::NoSuchTrustAnchor => format!("trust anchor `{trust_anchor}` does not exist"),
            Self::SessionNameNotAccepted => {
                format!("profile `{profile}` does not accept names of sessions")
            }
        }
    }

    /// What cures it.
    pub(super) fn cure(self, arns: &Arns) -> String {
        let id = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
        let (anchor, profile) = (id(&arns.trust_anchor), id(&arns.profile));
        let role = id(&arns.role);
        match self {
            Self::UntrustedCertificate => format!(
                "put the issuers of the certificate behind it in the file of device.certificate; see which root \
                 is trusted with: aws rolesanywhere get-trust-anchor --trust-anchor-id {anchor}"
            ),
            Self::InsufficientCertificate => {
                "issue an X.509 version 3 certificate with basicConstraints CA:FALSE, keyUsage digitalSignature \
                 and a signature with SHA-256 or better"
                    .to_owned()
            }
            Self::RevokedCertificate => {
                "issue a new certificate and put it in place with: sealift key rotate".to_owned()
            }
            Self::InvalidSignature => {
                "check that credentials.endpoint names the service itself and not a proxy that changes requests"
                    .to_owned()
            }
            Self::RoleNotAssumable => format!(
                "let rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity in the role's \
                 trust policy: aws iam get-role --role-name {role}, then aws iam update-assume-role-policy with the \
                 whole of it"
            ),
            Self::SessionTooLong => format!(
                "set a shorter credentials.duration, or: aws iam update-role --role-name {role} \
                 --max-session-duration 43200"
            ),
            Self::RoleNotInProfile => format!(
                "see the profile's roles with: aws rolesanywhere get-profile --profile-id {profile}; add this one with \
                 update-profile --role-arns, which takes the others too"
            ),
            Self::Disabled => format!(
                "aws rolesanywhere enable-trust-anchor --trust-anchor-id {anchor}; aws rolesanywhere \
                 enable-profile --profile-id {profile}"
            ),
            Self::NoSuchProfile => "compare with: aws rolesanywhere list-profiles".to_owned(),
            Self::NoSuchTrustAnchor => "compare with: aws rolesanywhere list-trust-anchors".to_owned(),
            Self::SessionNameNotAccepted => format!(
                "leave out credentials.session_name, or: aws rolesanywhere update-profile --profile-id {profile} \
                 --accept-role-session-name"
            ),
        }
    }
}
