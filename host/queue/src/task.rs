//! What a job is to do.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Disposal;

/// The longest path, in bytes: `PATH_MAX` of Linux.
pub const LONGEST_PATH: usize = 4096;
/// The longest name of a bucket, in bytes: the ARN of an access point is the longest that AWS knows.
pub const LONGEST_BUCKET: usize = 2048;
/// The longest key, in bytes: S3's own limit.
pub const LONGEST_KEY: usize = 1024;
/// The longest fingerprint, in bytes.
pub const LONGEST_FINGERPRINT: usize = 256;
/// The longest name of a watch rule, in bytes.
pub const LONGEST_RULE_NAME: usize = 256;
/// Settings of a job.
pub const MOST_SETTINGS: usize = 64;
/// Names and values of all settings of a job together, in bytes. S3 takes 2 KiB of metadata and ten tags.
pub const SETTINGS_SIZE: usize = 16 * 1024;

/// What is to be done: these bytes to that place. It is fixed when the job is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The file.
    pub source: SourcePath,
    /// What tells this state of the file from another, if the caller knows.
    pub fingerprint: Option<Fingerprint>,
    /// Where to.
    pub target: Target,
    /// How.
    pub settings: Settings,
    /// A higher one goes first.
    pub priority: i8,
    /// What becomes of the file.
    pub disposal: Disposal,
    /// Who wanted it.
    pub origin: Origin,
    /// Bytes of the file when it was queued.
    pub size: u64,
}

/// The absolute path of a file. It need not be UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourcePath(PathBuf);

/// An opaque text that is another one when the file is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

/// A bucket and a key in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    bucket: String,
    key: String,
}

/// Names with values, in the order in which they were given. What they mean is the uploader's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, String)>);

/// Who wanted a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Somebody at a command line.
    Command,
    /// The watch rule of this name.
    Watch(RuleName),
}

/// The name of a watch rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleName(String);

/// Why something cannot be queued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTask {
    /// Something that must not be empty is.
    #[error("the {what} is empty")]
    Empty {
        /// What.
        what: &'static str,
    },
    /// Something is over its limit.
    #[error("the {what} has {length} bytes; {limit} is the most")]
    TooLong {
        /// What.
        what: &'static str,
        /// In bytes.
        length: usize,
        /// In bytes.
        limit: usize,
    },
    /// There are more settings than [`MOST_SETTINGS`].
    #[error("there are {count} settings; {MOST_SETTINGS} is the most")]
    TooManySettings {
        /// How many.
        count: usize,
    },
    /// A relative path, which means something else to the service.
    #[error("the {what} `{}` is relative; give an absolute path", path.display())]
    Relative {
        /// Which path.
        what: &'static str,
        /// As it was given.
        path: PathBuf,
    },
    /// A zero byte, which no path of a file has.
    #[error("the {what} has a zero byte in it")]
    ZeroByte {
        /// What.
        what: &'static str,
    },
    /// No disposal of a source.
    #[error("`{}` is none of keep, delete, move:DIR", text.escape_debug())]
    UnknownDisposal {
        /// As it was given.
        text: String,
    },
}

impl Task {
    /// Of two tasks with the same digest one is superfluous: it covers source, fingerprint, bucket and key.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let fingerprint = self.fingerprint.as_ref().map(Fingerprint::as_str);
        let parts: [&[u8]; 5] = [
            self.source.as_path().as_os_str().as_bytes(),
            if fingerprint.is_some() { b"1" } else { b"0" },
            fingerprint.unwrap_or_default().as_bytes(),
            self.target.bucket.as_bytes(),
            self.target.key.as_bytes(),
        ];
        let mut hash = Sha256::new();
        for part in parts {
            // With the length before it, so that no two lists of parts are the same bytes.
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl SourcePath {
    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl TryFrom<PathBuf> for SourcePath {
    type Error = InvalidTask;

    fn try_from(path: PathBuf) -> Result<Self, InvalidTask> {
        absolute("source path", &path)?;
        Ok(Self(path))
    }
}

impl TryFrom<&str> for SourcePath {
    type Error = InvalidTask;

    fn try_from(path: &str) -> Result<Self, InvalidTask> {
        PathBuf::from(path).try_into()
    }
}

impl Fingerprint {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = InvalidTask;

    fn try_from(text: String) -> Result<Self, InvalidTask> {
        bounded("fingerprint", text.as_bytes(), LONGEST_FINGERPRINT)?;
        Ok(Self(text))
    }
}

impl Target {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl TryFrom<(String, String)> for Target {
    type Error = InvalidTask;

    fn try_from((bucket, key): (String, String)) -> Result<Self, InvalidTask> {
        bounded("bucket", bucket.as_bytes(), LONGEST_BUCKET)?;
        bounded("key", key.as_bytes(), LONGEST_KEY)?;
        Ok(Self { bucket, key })
    }
}

impl TryFrom<(&str, &str)> for Target {
    type Error = InvalidTask;

    fn try_from((bucket, key): (&str, &str)) -> Result<Self, InvalidTask> {
        (bucket.to_owned(), key.to_owned()).try_into()
    }
}

impl Settings {
    /// Name and value of each.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    pub(crate) fn as_slice(&self) -> &[(String, String)] {
        &self.0
    }
}

impl TryFrom<Vec<(String, String)>> for Settings {
    type Error = InvalidTask;

    fn try_from(settings: Vec<(String, String)>) -> Result<Self, InvalidTask> {
        if settings.len() > MOST_SETTINGS {
            return Err(InvalidTask::TooManySettings {
                count: settings.len(),
            });
        }
        if settings.iter().any(|(name, _)| name.is_empty()) {
            return Err(InvalidTask::Empty {
                what: "name of a setting",
            });
        }
        let length = settings.iter().map(|(n, v)| n.len() + v.len()).sum();
        no_longer("settings together", length, SETTINGS_SIZE)?;
        Ok(Self(settings))
    }
}

impl RuleName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Origin {
    /// The rule of this name.
    pub fn watch(rule: &str) -> Result<Self, InvalidTask> {
        bounded("name of the watch rule", rule.as_bytes(), LONGEST_RULE_NAME)?;
        Ok(Self::Watch(RuleName(rule.to_owned())))
    }

    /// What [`Origin`]'s `Display` wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "command" => Some(Self::Command),
            Some(("watch", rule)) => Self::watch(rule).ok(),
            _ => None,
        }
    }
}

/// `command` or `watch:NAME`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command => f.write_str("command"),
            Self::Watch(rule) => write!(f, "watch:{}", rule.as_str()),
        }
    }
}

/// Refuses what is no absolute path.
pub(crate) fn absolute(what: &'static str, path: &Path) -> Result<(), InvalidTask> {
    let bytes = OsStr::as_bytes(path.as_os_str());
    bounded(what, bytes, LONGEST_PATH)?;
    if bytes.contains(&0) {
        return Err(InvalidTask::ZeroByte { what });
    }
    if !path.is_absolute() {
        return Err(InvalidTask::Relative {
            what,
            path: path.to_owned(),
        });
    }
    Ok(())
}

fn bounded(what: &'static str, bytes: &[u8], limit: usize) -> Result<(), InvalidTask> {
    if bytes.is_empty() {
        return Err(InvalidTask::Empty { what });
    }
    no_longer(what, bytes.len(), limit)
}

fn no_longer(what: &'static str, length: usize, limit: usize) -> Result<(), InvalidTask> {
    if length > limit {
        return Err(InvalidTask::TooLong {
            what,
            length,
            limit,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_only_this_process_would_understand_is_refused() {
        let refused = |path: &str| SourcePath::try_from(path).unwrap_err();
        assert_eq!(
            refused("a.csv"),
            InvalidTask::Relative {
                what: "source path",
                path: "a.csv".into()
            }
        );
        assert_eq!(
            refused(""),
            InvalidTask::Empty {
                what: "source path"
            }
        );
        assert_eq!(
            refused("/a\0b"),
            InvalidTask::ZeroByte {
                what: "source path"
            }
        );
        assert_eq!(
            refused(&format!("/{}", "a".repeat(LONGEST_PATH))),
            InvalidTask::TooLong {
                what: "source path",
                length: 4097,
                limit: 4096
            }
        );
    }

    #[test]
    fn settings_are_bounded_in_number_and_size() {
        let many = vec![("n".to_owned(), String::new()); MOST_SETTINGS + 1];
        assert_eq!(
            Settings::try_from(many).unwrap_err(),
            InvalidTask::TooManySettings { count: 65 }
        );
        let large = vec![("n".to_owned(), "v".repeat(SETTINGS_SIZE))];
        assert_eq!(
            Settings::try_from(large).unwrap_err(),
            InvalidTask::TooLong {
                what: "settings together",
                length: SETTINGS_SIZE + 1,
                limit: SETTINGS_SIZE
            }
        );
        let unnamed = vec![(String::new(), String::new())];
        assert_eq!(
            Settings::try_from(unnamed).unwrap_err(),
            InvalidTask::Empty {
                what: "name of a setting"
            }
        );
    }

    #[test]
    fn moving_a_byte_from_one_part_to_the_next_makes_another_task() {
        let task = |bucket: &str, key: &str, fingerprint: Option<&str>| Task {
            source: "/a".try_into().unwrap(),
            fingerprint: fingerprint.map(|text| text.to_owned().try_into().unwrap()),
            target: (bucket, key).try_into().unwrap(),
            settings: Settings::default(),
            priority: 0,
            disposal: Disposal::Keep,
            origin: Origin::Command,
            size: 0,
        };
        let all = [
            task("ab", "c", None),
            task("a", "bc", None),
            task("ab", "c", Some("0")),
            task("b", "c", Some("a")),
        ];
        for (place, one) in all.iter().enumerate() {
            for other in &all[place + 1..] {
                assert_ne!(one.digest(), other.digest());
            }
            assert_eq!(one.digest(), one.clone().digest());
        }
    }
}
