//! What role, role alias and IoT policy are called.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// The one name of role, role alias and IoT policy: what all three may be called (IAM API reference, `CreateRole`; AWS IoT API
/// reference, `CreateRoleAlias` and `CreatePolicy`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// Not such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 characters out of a-z A-Z 0-9 _ = , @ -")]
pub struct NameError;

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_=,@-".contains(c);
        if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError)
        }
    }
}

impl Default for Name {
    fn default() -> Self {
        Self("sealift".to_owned())
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
