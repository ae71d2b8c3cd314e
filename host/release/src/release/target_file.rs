//! Names of components in a repository.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a target: one part of a path, of letters, digits, `.`, `_`, `-` and `+`, which does not begin
/// with a dot. It leads out of no directory and needs no escaping in a URL's path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TargetFile(String);

/// Not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a component has 1 to 128 letters, digits, `.`, `_`, `-` or `+`, and no dot at its beginning"
)]
pub struct TargetFileError;

impl TargetFile {
    const LONGEST: usize = 128;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TargetFile {
    type Error = TargetFileError;

    fn try_from(text: String) -> Result<Self, TargetFileError> {
        let known = |c: u8| c.is_ascii_alphanumeric() || b"._-+".contains(&c);
        let named = (1..=Self::LONGEST).contains(&text.len()) && !text.starts_with('.');
        if named && text.bytes().all(known) {
            Ok(Self(text))
        } else {
            Err(TargetFileError)
        }
    }
}

impl FromStr for TargetFile {
    type Err = TargetFileError;

    fn from_str(text: &str) -> Result<Self, TargetFileError> {
        text.to_owned().try_into()
    }
}

impl From<TargetFile> for String {
    fn from(file: TargetFile) -> Self {
        file.0
    }
}

impl Display for TargetFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for bad in [
            "", ".", "..", "../a", "a/b", "/a", "a b", ".hidden", "a%2fb", "a\0", "ä",
        ] {
            assert_eq!(bad.parse::<TargetFile>(), Err(TargetFileError), "{bad}");
        }
        assert_eq!("a".repeat(129).parse::<TargetFile>(), Err(TargetFileError));
        assert!("uploader-1.2.0-rc.1+7.wasm".parse::<TargetFile>().is_ok());
    }
}
