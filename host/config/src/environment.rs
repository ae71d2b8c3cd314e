//! The environment variables as an argument.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::{self, Debug, Formatter};

use crate::Error;

/// A snapshot of environment variables.
///
/// Its `Debug` shows names only: values may hold proxy passwords.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables of this process. One whose name is not UTF-8 is left out:
    /// none that we read is called that.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }

    /// The value of a variable; an empty one counts as not set, as in a shell's
    /// `${NAME:-default}`.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(name)
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// Like [`Environment::var`], as text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        self.var(name)
            .map(|value| value.to_str().ok_or_else(|| Error::not_text(name)))
            .transpose()
    }

    /// Every variable, also the empty ones, sorted by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_os_str()))
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Debug for Environment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn debug_shows_no_values() {
        let environment =
            Environment::from_iter([("HTTPS_PROXY", "http://user:hunter2@proxy:3128")]);
        assert_eq!(format!("{environment:?}"), r#"{"HTTPS_PROXY"}"#);
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let environment = Environment::from_iter([("HOME", "")]);
        assert_eq!(environment.var("HOME"), None);
    }
}
