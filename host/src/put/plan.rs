//! From sources and a destination to a list of objects.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::destination::{Destination, LONGEST_KEY};
use super::walk;

/// More files than this in one call are refused rather than planned in memory.
const MOST_ITEMS: usize = 1_000_000;

/// Where the bytes of an object come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input, written as `-`.
    Stdin,
}

/// One object to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its bytes.
    pub input: Input,
    /// Its key.
    pub key: String,
}

/// All objects of one call, in one bucket.
#[derive(Debug)]
pub struct Plan {
    /// The bucket's name.
    pub bucket: String,
    /// The objects, no two with the same key.
    pub items: Vec<Item>,
    /// What was found below directories and cannot become an object. It does not keep the
    /// rest from being uploaded.
    pub left_out: Vec<PlanError>,
}

/// Why there is no plan. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A source that is not there or cannot be looked at.
    #[error("cannot read `{}`", path.display())]
    Source {
        /// The source.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A directory while directories were not asked for.
    #[error("`{}` is a directory: use -r to upload what is in it", .0.display())]
    Directory(PathBuf),
    /// Several objects cannot have one key.
    #[error(
        "several files cannot all become `{destination}`: end the key with `/` to put them under it"
    )]
    NotAPrefix {
        /// What was asked for.
        destination: Destination,
    },
    /// Standard input has no name to put under a prefix.
    #[error(
        "standard input needs a whole key, and `{destination}` is a prefix: write s3://BUCKET/KEY"
    )]
    NamelessInput {
        /// What was asked for.
        destination: Destination,
    },
    /// A name that cannot be a key.
    #[error("`{}` cannot be an object's name: {reason}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// Two files for one key.
    #[error("`{first}` and `{second}` would both become `{key}`")]
    Collision {
        /// The key.
        key: String,
        /// One input.
        first: Input,
        /// The other.
        second: Input,
    },
    /// Something below a directory could not be read.
    #[error("cannot read `{}`", path.display())]
    Walk {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Deeper than trees are.
    #[error("`{}` lies too deep: more than 256 directories below the one that was given", path.display())]
    TooDeep {
        /// The entry.
        path: PathBuf,
    },
    /// Too many files.
    #[error("more than {MOST_ITEMS} files: upload them directory by directory")]
    TooMany,
}

impl PlanError {
    /// Whether the call was wrong, rather than the files.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Directory(_)
                | Self::NotAPrefix { .. }
                | Self::NamelessInput { .. }
                | Self::Collision { .. }
        )
    }
}

impl Plan {
    /// Works out which objects `sources` become at `destination`. Directories are taken with
    /// what is below them if `recursive`, without their own name.
    pub fn new(
        sources: &[PathBuf],
        destination: &Destination,
        recursive: bool,
    ) -> Result<Self, PlanError> {
        let mut planner = Planner {
            destination,
            several: sources.len() > 1,
            items: Vec::new(),
            left_out: Vec::new(),
            keys: HashMap::new(),
        };
        for source in sources {
            if source.as_os_str() == OsStr::new("-") {
                planner.stdin()?;
            } else {
                planner.path(source, recursive)?;
            }
        }
        Ok(Self {
            bucket: destination.bucket().into(),
            items: planner.items,
            left_out: planner.left_out,
        })
    }
}

struct Planner<'a> {
    destination: &'a Destination,
    several: bool,
    items: Vec<Item>,
    left_out: Vec<PlanError>,
    keys: HashMap<String, usize>,
}

impl Planner<'_> {
    fn stdin(&mut self) -> Result<(), PlanError> {
        if self.destination.is_prefix() {
            return Err(PlanError::NamelessInput {
                destination: self.destination.clone(),
            });
        }
        self.add(Input::Stdin, self.exact_key()?)
    }

    fn path(&mut self, path: &Path, recursive: bool) -> Result<(), PlanError> {
        let metadata = path.metadata().map_err(|source| PlanError::Source {
            path: path.into(),
            source,
        })?;
        match (metadata.is_dir(), recursive) {
            (true, true) => self.directory(path),
            (true, false) => Err(PlanError::Directory(path.into())),
            (false, _) => self.file(path),
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), PlanError> {
        let key = if self.destination.is_prefix() {
            let name = path.file_name().map_or(path, Path::new);
            self.key_below(path, name)?
        } else {
            self.exact_key()?
        };
        self.add(Input::File(path.into()), key)
    }

    fn directory(&mut self, root: &Path) -> Result<(), PlanError> {
        for entry in walk::files(root) {
            let below = entry.and_then(|(path, relative)| {
                let key = self.key_below(&path, &relative)?;
                Ok((path, key))
            });
            match below {
                Ok((path, key)) => self.add(Input::File(path), key)?,
                Err(_) if self.left_out.len() == MOST_ITEMS => return Err(PlanError::TooMany),
                Err(error) => self.left_out.push(error),
            }
        }
        Ok(())
    }

    fn exact_key(&self) -> Result<String, PlanError> {
        if self.several {
            return Err(PlanError::NotAPrefix {
                destination: self.destination.clone(),
            });
        }
        Ok(self.destination.key().into())
    }

    /// The prefix and the relative path. A prefix without its slash can only be a directory's.
    fn key_below(&self, path: &Path, relative: &Path) -> Result<String, PlanError> {
        let unusable = |reason| PlanError::Name {
            path: path.into(),
            reason,
        };
        let mut key = self.destination.key().to_owned();
        if !self.destination.is_prefix() {
            key.push('/');
        }
        for (position, component) in relative.components().enumerate() {
            let Component::Normal(name) = component else {
                continue;
            };
            if position > 0 {
                key.push('/');
            }
            key.push_str(name.to_str().ok_or_else(|| unusable("it is not UTF-8"))?);
        }
        if key.len() > LONGEST_KEY {
            return Err(unusable("its key would have more than 1024 bytes"));
        }
        Ok(key)
    }

    fn add(&mut self, input: Input, key: String) -> Result<(), PlanError> {
        if self.items.len() == MOST_ITEMS {
            return Err(PlanError::TooMany);
        }
        if let Some(&first) = self.keys.get(&key) {
            return Err(PlanError::Collision {
                key,
                first: self.items[first].input.clone(),
                second: input,
            });
        }
        self.keys.insert(key.clone(), self.items.len());
        self.items.push(Item { input, key });
        Ok(())
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&crate::report::line(&path.to_string_lossy())),
            Self::Stdin => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("d/e")).unwrap();
        for name in ["a", "b", "d/a", "d/e/c d"] {
            fs::write(root.path().join(name), name).unwrap();
        }
        root
    }

    fn plan(
        sources: &[&Path],
        destination: &str,
        recursive: bool,
    ) -> Result<Vec<String>, PlanError> {
        let sources: Vec<_> = sources.iter().map(|&path| path.to_owned()).collect();
        let plan = Plan::new(&sources, &destination.parse().unwrap(), recursive)?;
        Ok(plan.items.into_iter().map(|item| item.key).collect())
    }

    #[test]
    fn one_file_becomes_the_key_or_goes_under_the_prefix() {
        let root = tree();
        let file = root.path().join("a");
        assert_eq!(plan(&[&file], "s3://bucket/k", false).unwrap(), ["k"]);
        assert_eq!(plan(&[&file], "s3://bucket/p/", false).unwrap(), ["p/a"]);
        assert_eq!(plan(&[&file], "s3://bucket", false).unwrap(), ["a"]);
    }

    #[test]
    fn several_files_need_a_prefix() {
        let root = tree();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        assert_eq!(
            plan(&[&a, &b], "s3://bucket/p/", false).unwrap(),
            ["p/a", "p/b"]
        );
        let error = plan(&[&a, &b], "s3://bucket/k", false).unwrap_err();
        assert!(
            matches!(error, PlanError::NotAPrefix { .. }) && error.is_usage(),
            "{error}"
        );
    }

    #[test]
    fn a_directory_needs_r_and_gives_relative_keys() {
        let root = tree();
        let error = plan(&[root.path()], "s3://bucket/p/", false).unwrap_err();
        assert!(
            matches!(error, PlanError::Directory(_)) && error.is_usage(),
            "{error}"
        );
        let keys = ["p/a", "p/b", "p/d/a", "p/d/e/c d"];
        assert_eq!(plan(&[root.path()], "s3://bucket/p/", true).unwrap(), keys);
        assert_eq!(plan(&[root.path()], "s3://bucket/p", true).unwrap(), keys);
    }

    #[test]
    fn what_cannot_be_read_does_not_hide_the_rest() {
        let root = tree();
        std::os::unix::fs::symlink("nowhere", root.path().join("dangling")).unwrap();
        let deep: PathBuf = std::iter::repeat_n("x", 300).collect();
        fs::create_dir_all(root.path().join("deep").join(&deep)).unwrap();
        fs::write(root.path().join("deep").join(&deep).join("f"), "f").unwrap();
        let sources = [root.path().to_owned()];
        let plan = Plan::new(&sources, &"s3://bucket/p/".parse().unwrap(), true).unwrap();
        assert_eq!(plan.items.len(), 4);
        let [PlanError::Walk { .. }, PlanError::TooDeep { .. }] = plan.left_out.as_slice() else {
            panic!("{:?}", plan.left_out);
        };
    }

    #[test]
    fn two_files_for_one_key_are_refused() {
        let root = tree();
        let (a, d) = (root.path().join("a"), root.path().join("d"));
        let error = plan(&[&a, &d], "s3://bucket/p/", true).unwrap_err();
        assert!(
            matches!(error, PlanError::Collision { ref key, .. } if key == "p/a"),
            "{error}"
        );
    }

    #[test]
    fn standard_input_needs_a_whole_key_of_its_own() {
        let stdin = Path::new("-");
        assert_eq!(plan(&[stdin], "s3://bucket/k", false).unwrap(), ["k"]);
        assert!(matches!(
            plan(&[stdin], "s3://bucket/p/", false),
            Err(PlanError::NamelessInput { .. })
        ));
        assert!(matches!(
            plan(&[stdin, stdin], "s3://bucket/k", false),
            Err(PlanError::NotAPrefix { .. })
        ));
    }

    #[test]
    fn a_missing_source_is_no_usage_error_and_is_named() {
        let error = plan(&[Path::new("/nonexistent/file")], "s3://bucket/k", false).unwrap_err();
        assert!(
            matches!(error, PlanError::Source { .. }) && !error.is_usage(),
            "{error}"
        );
        assert!(error.to_string().contains("/nonexistent/file"), "{error}");
    }
}
