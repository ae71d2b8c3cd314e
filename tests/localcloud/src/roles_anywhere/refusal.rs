//! Why a request is refused, and what AWS says then.
//!
//! AWS tells little: whatever is wrong with a signature, even an old date, is
//! `Invalid signature`. `Display` tells what it was; answers carry that in a
//! header of their own.

use http::StatusCode;
use time::OffsetDateTime;

use crate::ROLE_ARN;
use crate::clock::iso_8601;

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    #[error(transparent)]
    Certificate(#[from] CertificateFault),
    #[error(transparent)]
    Account(#[from] AccountFault),
    #[error(transparent)]
    Validation(#[from] ValidationFault),
}

/// The signature is not one that the certificate's key made of this request, here and now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureFault {
    #[error("the request has no Authorization header")]
    Unsigned,
    #[error(
        "the Authorization header is not `ALGORITHM Credential=.., SignedHeaders=.., Signature=..`"
    )]
    Malformed,
    #[error("{0:.64} is no algorithm of Roles Anywhere")]
    UnknownAlgorithm(String),
    #[error("the certificate's key does not sign with {0}")]
    UnsuitedAlgorithm(&'static str),
    #[error("SignedHeaders is not a sorted list of different names in lower case")]
    SignedHeaders,
    #[error("the header {0:.64} is not signed")]
    NotSigned(String),
    #[error("the signed header {0:.64} is not in the request")]
    NotThere(String),
    #[error("the credential does not name the certificate's serial number {0}")]
    Serial(String),
    #[error("the credential is for the region {0:.64}")]
    Region(String),
    #[error("the credential is for the service {0:.64}")]
    Service(String),
    #[error("X-Amz-Date is missing, or is not written as 20260102T030405Z")]
    Date,
    #[error("the credential is for the day {0:.64}, which is not that of X-Amz-Date")]
    ScopeDate(String),
    #[error("the request is dated {}, and it is {}", iso_8601(*request), iso_8601(*server))]
    Skewed {
        request: OffsetDateTime,
        server: OffsetDateTime,
    },
    #[error("the certificate's key did not sign this request")]
    Mismatch,
}

/// The certificate is none that the trust anchor vouches for, or not for signing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CertificateFault {
    #[error("the request has no X-Amz-X509 header")]
    Missing,
    #[error("{0} is not base64 of a certificate in DER")]
    Unreadable(&'static str),
    #[error("X-Amz-X509-Chain has more than five certificates")]
    ChainTooLong,
    #[error("the signing certificate {0}")]
    Unfit(&'static str),
    #[error("a certificate has expired")]
    Expired,
    #[error("a certificate is not valid yet")]
    NotYetValid,
    #[error("an intermediate certificate may not sign certificates")]
    Intermediate,
    #[error("the trust anchor does not vouch for the signing certificate: {0}")]
    Untrusted(String),
}

/// The account does not give that role to this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum AccountFault {
    #[error("the trust anchor does not exist")]
    NoSuchTrustAnchor,
    #[error("the trust anchor is disabled")]
    TrustAnchorDisabled,
    #[error("the profile does not exist")]
    NoSuchProfile,
    #[error("the profile is disabled")]
    ProfileDisabled,
    #[error("the role is not in the profile")]
    RoleNotInProfile,
    #[error("the profile does not accept role session names")]
    RoleSessionName,
    #[error("the role does not trust rolesanywhere.amazonaws.com")]
    Role,
    #[error("the session would be longer than the role allows")]
    Duration,
}

/// A parameter is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ValidationFault {
    #[error("the body is not a JSON object of the parameters")]
    Body,
    #[error("the body is too long or too slow")]
    BodyTooLong,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{field} is {value:.64}")]
    Value {
        field: &'static str,
        value: String,
        /// What it must do, in AWS's words.
        constraint: &'static str,
    },
}

/// Status, kind and message of an answer.
pub(super) type Words = (StatusCode, &'static str, String);

const FORBIDDEN: (StatusCode, &str) = (StatusCode::FORBIDDEN, "AccessDeniedException");
const NOT_FOUND: (StatusCode, &str) = (StatusCode::NOT_FOUND, "ResourceNotFoundException");
const INVALID: (StatusCode, &str) = (StatusCode::BAD_REQUEST, "ValidationException");

impl Refusal {
    /// What AWS says. "Measured" texts are those that users of the real service
    /// have published; the others are guesses in their manner.
    pub(super) fn words(&self) -> Words {
        match self {
            Self::Signature(fault) => fault.words(),
            Self::Certificate(fault) => fault.words(),
            Self::Account(fault) => fault.words(),
            Self::Validation(fault) => fault.words(),
        }
    }
}

fn words((status, kind): (StatusCode, &'static str), message: impl Into<String>) -> Words {
    (status, kind, message.into())
}

impl SignatureFault {
    fn words(&self) -> Words {
        let message = match self {
            // A guess.
            Self::Unsigned => "Missing authentication token",
            // Measured for a wrong signature (rolesanywhere-credential-helper#128)
            // and for a date half an hour old. For the others, a guess.
            _ => "Invalid signature",
        };
        words(FORBIDDEN, message)
    }
}

impl CertificateFault {
    fn words(&self) -> Words {
        match self {
            // A guess.
            Self::Missing | Self::Unreadable(_) => words(INVALID, "Invalid certificate"),
            // A guess; the limit is in the user's guide.
            Self::ChainTooLong => words(INVALID, "Certificate chain is too long"),
            // Measured, where the key usage Digital Signature is missing.
            Self::Unfit(_) => words(FORBIDDEN, "Untrusted certificate. Insufficient certificate"),
            // Measured, for another CA and for a missing intermediate
            // (rolesanywhere-credential-helper#108). The others are guesses: that no path is valid now
            // is told as that there is none.
            Self::Untrusted(_) | Self::Expired | Self::NotYetValid | Self::Intermediate => {
                words(FORBIDDEN, "Untrusted signing certificate")
            }
        }
    }
}

impl AccountFault {
    fn words(self) -> Words {
        match self {
            // Measured; the status is a guess.
            Self::NoSuchTrustAnchor => words(NOT_FOUND, "Specified Trust Anchor wasn't found."),
            // Measured.
            Self::NoSuchProfile => words(FORBIDDEN, "Invalid or empty profile provided."),
            Self::RoleNotInProfile => words(
                FORBIDDEN,
                "Requested Role isn't one of those listed in the Profile.",
            ),
            // In the user's guide of EKS.
            Self::RoleSessionName => words(FORBIDDEN, "Not authorized to set roleSessionName"),
            // Guesses.
            Self::TrustAnchorDisabled => words(FORBIDDEN, "Trust anchor is disabled"),
            Self::ProfileDisabled => words(FORBIDDEN, "Profile is disabled"),
            // Measured.
            Self::Role => words(FORBIDDEN, format!("Unable to assume role for {ROLE_ARN}")),
            Self::Duration => words(
                FORBIDDEN,
                format!(
                    "Unable to assume role for {ROLE_ARN}. The requested DurationSeconds exceeds \
                     the MaxSessionDuration set for this role."
                ),
            ),
        }
    }
}

impl ValidationFault {
    fn words(&self) -> Words {
        let detected = |value: &str, field: &str, constraint: &str| {
            format!(
                "1 validation error detected: Value {value} at '{field}' failed to satisfy \
                 constraint: Member must {constraint}"
            )
        };
        let message = match self {
            // Guesses.
            Self::Body => "Malformed request body".to_owned(),
            Self::BodyTooLong => "Request body is too long".to_owned(),
            // Measured for other actions of the service.
            Self::Missing(field) => detected("null", field, "not be null"),
            Self::Value {
                field,
                value,
                constraint,
            } => detected(&format!("'{value}'"), field, constraint),
        };
        words(INVALID, message)
    }
}
