//! Names of a repository's files.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986, and the slash.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// `metadata/NAME` or `targets/NAME`: nothing that could lead out of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File<'a> {
    path: &'a str,
    is_target: bool,
}

impl<'a> File<'a> {
    pub(super) fn parse(path: &'a str) -> Option<Self> {
        let (directory, name) = path.split_once('/')?;
        let is_target = match directory {
            "metadata" => false,
            "targets" => true,
            _ => return None,
        };
        let stays = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\\');
        name.split('/')
            .all(stays)
            .then_some(Self { path, is_target })
    }

    pub(super) fn path(&self) -> &'a str {
        self.path
    }

    /// Its path in a request, behind a directory's.
    pub(super) fn encode(&self) -> String {
        utf8_percent_encode(self.path, IN_PATH).to_string()
    }

    /// Whether it is a component, and not metadata.
    pub(super) fn is_target(&self) -> bool {
        self.is_target
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_name_is_encoded_and_stays_in_its_directory() {
        let encoded = |path| File::parse(path).map(|file| file.encode());
        let name = encoded("metadata/1.root.json");
        assert_eq!(name.as_deref(), Some("metadata/1.root.json"));
        let odd = encoded("targets/a b?c#d%2e/ä");
        assert_eq!(odd.as_deref(), Some("targets/a%20b%3Fc%23d%252e/%C3%A4"));
        for path in [
            "",
            "metadata",
            "metadata/",
            "keys/root.pem",
            "/metadata/x",
            "metadata/../keys/root.pem",
            "targets/a//b",
            "targets/./a",
            "targets/..\\a",
        ] {
            assert_eq!(File::parse(path), None, "{path}");
        }
        assert!(File::parse("targets/a").unwrap().is_target());
        assert!(!File::parse("metadata/a").unwrap().is_target());
    }
}
