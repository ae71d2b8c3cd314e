//! What is handed out.

use std::fmt::{self, Debug, Formatter};
use std::time::SystemTime;

use zeroize::Zeroizing;

/// Temporary credentials. The secrets are wiped from memory when the last copy is dropped, and are
/// not in `Debug`.
#[derive(Clone)]
pub struct Credentials {
    /// Which they are. Public.
    pub access_key_id: String,
    /// What signs.
    pub secret_access_key: Zeroizing<String>,
    /// What goes along with each request. No limit on its length is documented.
    pub session_token: Zeroizing<String>,
    /// When they end, by AWS's clock.
    pub expiration: SystemTime,
}

impl Debug for Credentials {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::Credentials;

    #[test]
    fn debug_shows_no_secret() {
        let credentials = Credentials {
            access_key_id: "ASIAEXAMPLE".to_owned(),
            secret_access_key: "hunter2".to_owned().into(),
            session_token: "hunter3".to_owned().into(),
            expiration: SystemTime::UNIX_EPOCH,
        };
        let shown = format!("{credentials:?}");
        assert!(shown.contains("ASIAEXAMPLE"), "{shown}");
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
