//! Temporary credentials while they are in the host.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use super::bindings::sealift::gateway::types::AwsCredentials;

/// The first second that RFC 3339 has no form for.
const YEAR_10000: u64 = 253_402_300_800;

/// Temporary AWS credentials. Held in memory only, wiped when dropped, never printed.
#[derive(Clone)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    session_token: Option<Zeroizing<String>>,
    expiration: SystemTime,
}

impl Credentials {
    /// Takes over what a provider gave.
    pub fn new(
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
        expiration: SystemTime,
    ) -> Self {
        Self {
            access_key_id,
            secret_access_key: Zeroizing::new(secret_access_key),
            session_token: session_token.map(Zeroizing::new),
            expiration,
        }
    }

    /// Identifies the credentials; not a secret.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret that signs requests.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// What goes into `x-amz-security-token`.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|token| token.as_str())
    }

    /// When they end, by the clock of AWS.
    pub fn expiration(&self) -> SystemTime {
        self.expiration
    }
}

impl From<AwsCredentials> for Credentials {
    fn from(given: AwsCredentials) -> Self {
        let seconds = Some(given.expiration).filter(|seconds| *seconds < YEAR_10000);
        let expiration = seconds.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        Self::new(
            given.access_key_id,
            given.secret_access_key,
            given.session_token,
            // A date that cannot be told is one that has passed.
            expiration.unwrap_or(UNIX_EPOCH),
        )
    }
}

impl Credentials {
    /// A copy for a component. The component's memory goes with its instance.
    pub(super) fn lend(&self) -> AwsCredentials {
        AwsCredentials {
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.to_string(),
            session_token: self.session_token.as_ref().map(|token| token.to_string()),
            expiration: self
                .expiration
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}
