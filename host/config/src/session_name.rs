//! How a session of temporary credentials is called.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::{NameError, names};

/// The name of a session of IAM Roles Anywhere (`CreateSession`, `roleSessionName`): 2–64 of `[\w+=,.@-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionName {
    type Err = SessionNameError;

    fn from_str(text: &str) -> Result<Self, SessionNameError> {
        let set = "a-z A-Z 0-9 _ + = , . @ -";
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        names::check(text, "a session name", 64, set, allowed)?;
        if text.len() < 2 {
            return Err(SessionNameError::TooShort);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Display for SessionName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not the name of a session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionNameError {
    /// As with other names.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A single character.
    #[error("a session name has at least two characters")]
    TooShort,
}
