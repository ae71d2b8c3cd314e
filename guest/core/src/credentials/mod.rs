//! Temporary credentials, and the providers that hand them out.

mod answer;
mod certificate;
pub mod iot;
pub mod roles_anywhere;

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::{Error, ErrorKind};

/// Longest access key id or secret access key, in bytes. AWS's are 20 and 40; other stores
/// are more generous.
const MAX_KEY: usize = 512;
/// Longest session token, in bytes. AWS names no maximum.
const MAX_TOKEN: usize = 512 * 1024;

/// What signs requests, until it expires. Wiped on drop; `Debug` shows only the public part.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Credentials {
    #[zeroize(skip)]
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    #[zeroize(skip)]
    expiration: Option<u64>,
}

impl Credentials {
    /// Accepts non-empty, printable ASCII: all of it travels in headers. `expiration` is in
    /// seconds since 1970 by the server's clock. A refusal is a `Protocol` error that names
    /// the field and quotes nothing.
    pub fn new(
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
        expiration: Option<u64>,
    ) -> Result<Self, Error> {
        // Built first, so that what is refused is wiped as well.
        let credentials = Self {
            access_key_id,
            secret_access_key,
            session_token,
            expiration,
        };
        check("access key id", &credentials.access_key_id, MAX_KEY)?;
        check("secret access key", &credentials.secret_access_key, MAX_KEY)?;
        if let Some(token) = &credentials.session_token {
            check("session token", token, MAX_TOKEN)?;
        }
        Ok(credentials)
    }

    /// The public half: it identifies the credentials and may be shown.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret that signs.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// The token that goes with temporary credentials.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// When they expire, in seconds since 1970 by the server's clock.
    pub fn expiration(&self) -> Option<u64> {
        self.expiration
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

fn check(field: &str, value: &str, longest: usize) -> Result<(), Error> {
    let why = if value.is_empty() {
        "is empty"
    } else if value.len() > longest {
        "is too long"
    } else if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        "has characters that no header can carry"
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::Protocol,
        format!("the {field} of the credentials {why}"),
    ))
}

#[cfg(test)]
mod tests;
