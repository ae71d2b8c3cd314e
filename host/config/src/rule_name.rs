//! What a rule is called.

use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::str::FromStr;

/// The name of a rule of watched folders, for logs and metrics: 1–128 characters, none of them a
/// control character. By default the folder's path, as far as that can be shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleName(String);

impl RuleName {
    const LONGEST: usize = 128;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of_folder(path: &Path) -> Self {
        Self(path.display().to_string().replace(char::is_control, "?"))
    }
}

impl FromStr for RuleName {
    type Err = RuleNameError;

    fn from_str(text: &str) -> Result<Self, RuleNameError> {
        let fits = (1..=Self::LONGEST).contains(&text.chars().count());
        if fits && !text.contains(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RuleNameError)
        }
    }
}

impl Display for RuleName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not a name of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 128 characters, and no control characters")]
pub struct RuleNameError;

#[cfg(test)]
mod tests {
    use super::{RuleName, RuleNameError};

    #[test]
    fn a_name_can_be_shown_in_one_line() {
        assert_eq!("a b".parse(), Ok(RuleName("a b".to_owned())));
        for text in ["", "a\nb", &"x".repeat(129)] {
            assert_eq!(text.parse::<RuleName>(), Err(RuleNameError), "{text:?}");
        }
        let name = RuleName::of_folder("/a\n/b".as_ref());
        assert_eq!(name.as_str(), "/a?/b");
    }
}
