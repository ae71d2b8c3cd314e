//! Which file is the configuration, and what is in it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::{Environment, Error};

/// Where the configuration is looked for when nothing names it.
pub(crate) const USUAL_PLACES: [&str; 2] = ["sealift.toml", "/etc/sealift/sealift.toml"];

const USUAL: &str = "one of the usual places";

/// Finds and reads the configuration: `explicit`, else `$SEALIFT_CONFIG`, else
/// the first of the usual places that exists.
///
/// A file that was named and does not exist is an error; so is one of the usual
/// places that exists and cannot be read, since another would take its place
/// unnoticed.
pub(crate) fn find(
    explicit: Option<&Path>,
    env: &Environment,
    usual_places: &[PathBuf],
) -> Result<(PathBuf, String), Error> {
    let named = match (explicit, env.var("SEALIFT_CONFIG")) {
        (Some(path), _) => Some((path, "named by --config")),
        (None, Some(path)) => Some((Path::new(path), "named by $SEALIFT_CONFIG")),
        (None, None) => None,
    };
    if let Some((path, origin)) = named {
        let file = open(path, origin)?;
        return Ok((path.to_owned(), text(file, path, origin)?));
    }
    for path in usual_places {
        match open(path, USUAL) {
            Ok(file) => return Ok((path.clone(), text(file, path, USUAL)?)),
            Err(Error::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::NotFound {
        looked_for: usual_places.to_vec(),
    })
}

fn open(path: &Path, origin: &'static str) -> Result<File, Error> {
    File::open(path).map_err(|source| Error::Unreadable {
        path: path.to_owned(),
        origin,
        source,
    })
}

fn text(file: File, path: &Path, origin: &'static str) -> Result<String, Error> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            origin,
            source,
        })?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            limit: LARGEST,
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        Error::NotUtf8 {
            path: path.to_owned(),
            line: valid.split(|byte| *byte == b'\n').count(),
        }
    })
}

/// The largest configuration file, in bytes: about a thousand times a usual one.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{LARGEST, find};
    use crate::{Environment, Error};

    struct Places(tempfile::TempDir);

    impl Places {
        fn new(files: &[&str]) -> Self {
            let directory = tempfile::tempdir().unwrap();
            for file in files {
                fs::write(directory.path().join(file), format!("# {file}")).unwrap();
            }
            Self(directory)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn find(&self, explicit: Option<&str>, variable: Option<&str>) -> Result<String, Error> {
            let explicit = explicit.map(|name| self.path(name));
            let env: Environment = variable
                .map(|name| ("SEALIFT_CONFIG", self.path(name)))
                .into_iter()
                .collect();
            let usual = [self.path("usual"), self.path("last")];
            find(explicit.as_deref(), &env, &usual).map(|(_, text)| text)
        }
    }

    #[test]
    fn the_flag_goes_before_the_variable_and_that_before_the_usual_places() {
        let places = Places::new(&["flag", "variable", "usual", "last"]);
        assert_eq!(
            places.find(Some("flag"), Some("variable")).unwrap(),
            "# flag"
        );
        assert_eq!(places.find(None, Some("variable")).unwrap(), "# variable");
        assert_eq!(places.find(None, None).unwrap(), "# usual");
        assert_eq!(Places::new(&["last"]).find(None, None).unwrap(), "# last");
    }

    #[test]
    fn a_named_file_that_is_missing_is_not_replaced_by_a_usual_one() {
        let places = Places::new(&["usual"]);
        let error = places.find(None, Some("gone")).unwrap_err();
        assert!(matches!(
            error,
            Error::Unreadable {
                origin: "named by $SEALIFT_CONFIG",
                ..
            }
        ));
        let error = places.find(Some("gone"), None).unwrap_err();
        assert!(matches!(
            error,
            Error::Unreadable {
                origin: "named by --config",
                ..
            }
        ));
    }

    #[test]
    fn without_any_file_the_error_lists_the_places_and_what_to_write() {
        let error = Places::new(&[]).find(None, None).unwrap_err();
        assert!(matches!(&error, Error::NotFound { looked_for } if looked_for.len() == 2));
        let message = error.to_string();
        for part in [
            "usual and ",
            "--config",
            "$SEALIFT_CONFIG",
            "certificate",
            "role_alias",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_directory_binary_data_and_a_huge_file_are_refused() {
        let places = Places::new(&[]);
        fs::create_dir(places.path("directory")).unwrap();
        let error = places.find(Some("directory"), None).unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }));

        fs::write(places.path("binary"), b"# fine\n\xff\xfe").unwrap();
        let error = places.find(Some("binary"), None).unwrap_err();
        assert!(matches!(error, Error::NotUtf8 { line: 2, .. }));

        let huge = fs::File::create(places.path("huge")).unwrap();
        huge.set_len(LARGEST + 1).unwrap();
        let error = places.find(Some("huge"), None).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: LARGEST, .. }));
    }

    #[test]
    fn the_usual_places_are_the_documented_ones() {
        assert_eq!(
            super::USUAL_PLACES.map(Path::new),
            [
                Path::new("sealift.toml"),
                Path::new("/etc/sealift/sealift.toml")
            ]
        );
    }
}
