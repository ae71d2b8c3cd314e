//! Small facts that components keep between jobs.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::directory;

/// The hints of one component: values with a name and an end, by the wall clock.
///
/// Whoever writes last wins; a file that is damaged holds no hints. Both cost no more than finding
/// a fact out again.
#[derive(Debug)]
pub struct Hints {
    /// None where nothing can be kept: then the hints end with the process.
    path: Option<PathBuf>,
    /// None until the file was read.
    known: Option<BTreeMap<String, Hint>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hint {
    value: String,
    /// Seconds since 1970.
    expires: u64,
}

/// Why a hint is not kept. The limits are those of `hints.wit`.
#[derive(Debug, thiserror::Error)]
pub enum HintsError {
    /// The name or the value is too long.
    #[error(
        "a hint has a name of at most {LONGEST_NAME} bytes and a value of at most {LONGEST_VALUE}"
    )]
    TooLong,
    /// There are too many.
    #[error("a component keeps at most {MOST_HINTS} hints")]
    TooMany,
    /// The file system does not let us.
    #[error("cannot keep hints in {}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

const LONGEST_NAME: usize = 128;
const LONGEST_VALUE: usize = 1024;
const MOST_HINTS: usize = 256;

/// The file holds no more than all hints at their longest, every byte escaped.
const LARGEST_FILE: u64 = (MOST_HINTS * (LONGEST_NAME + LONGEST_VALUE) * 6 + 64 * 1024) as u64;

impl Hints {
    pub(crate) fn kept_in(path: PathBuf) -> Self {
        Self {
            path: Some(path),
            known: None,
        }
    }

    /// Hints that end with the process.
    pub fn unkept() -> Self {
        Self {
            path: None,
            known: None,
        }
    }

    /// Whether [`Hints::value`] can answer without a look at the file.
    pub fn at_hand(&self) -> bool {
        self.known.is_some() || self.path.is_none()
    }

    /// The value put under this name, unless it has expired. Blocks the first time.
    pub fn value(&mut self, name: &str, now: SystemTime) -> Option<String> {
        let hint = self.known().get(name)?;
        hint.is_good(now).then(|| hint.value.clone())
    }

    /// Keeps a value under a name for at most `life`. Blocks.
    ///
    /// # Errors
    /// With [`HintsError::Unusable`], the value is kept until the process ends.
    pub fn put(
        &mut self,
        name: String,
        value: String,
        life: Duration,
        now: SystemTime,
    ) -> Result<(), HintsError> {
        if name.len() > LONGEST_NAME || value.len() > LONGEST_VALUE {
            return Err(HintsError::TooLong);
        }
        let hint = Hint {
            value,
            expires: seconds(now).saturating_add(life.as_secs()),
        };
        let mut hints = self.known().clone();
        // Others may have written since.
        hints.extend(self.path.as_deref().map(read).unwrap_or_default());
        hints.retain(|_, hint| hint.is_good(now));
        hints.insert(name, hint);
        if hints.len() > MOST_HINTS {
            return Err(HintsError::TooMany);
        }
        let kept = self.keep(&hints);
        self.known = Some(hints);
        kept
    }

    fn known(&mut self) -> &BTreeMap<String, Hint> {
        let path = self.path.as_deref();
        self.known
            .get_or_insert_with(|| path.map(read).unwrap_or_default())
    }

    fn keep(&self, hints: &BTreeMap<String, Hint>) -> Result<(), HintsError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        serde_json::to_vec(hints)
            .map_err(io::Error::from)
            .and_then(|text| directory::replace(path, &text))
            .map_err(|source| HintsError::Unusable {
                path: path.clone(),
                source,
            })
    }
}

impl Hint {
    fn is_good(&self, now: SystemTime) -> bool {
        seconds(now) < self.expires
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// The hints in a file; none if it is not there or not what was written.
fn read(path: &Path) -> BTreeMap<String, Hint> {
    let hints = match fs::metadata(path) {
        Ok(metadata) if metadata.len() > LARGEST_FILE => {
            Err(io::Error::other("it is larger than hints can be"))
        }
        Ok(_) => fs::read(path).and_then(|text| Ok(serde_json::from_slice(&text)?)),
        Err(error) => Err(error),
    };
    match hints {
        Ok(hints) => hints,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => {
            tracing::debug!(path = %path.display(), %error, "hints not read");
            BTreeMap::new()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const START: SystemTime = UNIX_EPOCH;

    struct Kept(tempfile::TempDir);

    impl Kept {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self) -> PathBuf {
            self.0.path().join("hints/ab.json")
        }

        fn hints(&self) -> Hints {
            Hints::kept_in(self.file())
        }
    }

    fn put(hints: &mut Hints, name: &str, value: &str) -> Result<(), HintsError> {
        hints.put(name.into(), value.into(), HOUR, START)
    }

    #[test]
    fn the_next_process_finds_a_hint_until_it_expires() {
        let kept = Kept::new();
        put(&mut kept.hints(), "region", "eu-central-1").unwrap();
        let mut hints = kept.hints();
        assert_eq!(hints.value("region", START).unwrap(), "eu-central-1");
        assert_eq!(hints.value("region", START + HOUR), None);
        assert_eq!(hints.value("another", START), None);
    }

    #[test]
    fn hints_of_components_that_are_gone_are_cleared_away() {
        let directory = tempfile::tempdir().unwrap();
        let state = crate::StateDirectory::new(directory.path().to_owned());
        state.keep_hints_of(&[]).unwrap();
        for digest in ["ab", "cd", "abcd"] {
            put(&mut state.hints(digest), "name", digest).unwrap();
        }
        state.keep_hints_of(&["ab".to_owned()]).unwrap();
        let value = |digest| state.hints(digest).value("name", START);
        assert_eq!(value("ab").as_deref(), Some("ab"));
        assert_eq!((value("cd"), value("abcd")), (None, None));
    }

    #[test]
    fn a_component_without_hints_makes_no_file() {
        let kept = Kept::new();
        assert_eq!(kept.hints().value("region", START), None);
        assert!(!kept.file().exists());
    }

    #[test]
    fn whoever_writes_last_wins_and_loses_nothing_else() {
        let kept = Kept::new();
        let (mut one, mut other) = (kept.hints(), kept.hints());
        assert_eq!(other.value("a", START), None);
        put(&mut one, "a", "1").unwrap();
        put(&mut one, "b", "1").unwrap();
        put(&mut other, "b", "2").unwrap();
        let mut both = kept.hints();
        assert_eq!(both.value("a", START).unwrap(), "1");
        assert_eq!(both.value("b", START).unwrap(), "2");
    }

    #[test]
    fn damage_is_no_hints_and_is_written_over() {
        for damage in ["", "{", "[]", r#"{"a":1}"#, "\u{0}"] {
            let kept = Kept::new();
            put(&mut kept.hints(), "a", "1").unwrap();
            fs::write(kept.file(), damage).unwrap();
            assert_eq!(kept.hints().value("a", START), None, "{damage}");
            put(&mut kept.hints(), "a", "2").unwrap();
            assert_eq!(kept.hints().value("a", START).unwrap(), "2");
        }
        let kept = Kept::new();
        put(&mut kept.hints(), "a", "1").unwrap();
        fs::File::create(kept.file())
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
        assert_eq!(kept.hints().value("a", START), None);
    }

    #[test]
    fn names_values_and_their_number_are_bounded() {
        let mut hints = Hints::unkept();
        let too_long = |outcome| matches!(outcome, Err(HintsError::TooLong));
        assert!(too_long(put(&mut hints, &"n".repeat(129), "")));
        assert!(too_long(put(&mut hints, "", &"v".repeat(1025))));
        for number in 0..MOST_HINTS {
            let name = format!("{number:0128}");
            hints.put(name, "v".repeat(1024), HOUR, START).unwrap();
        }
        let error = put(&mut hints, "one more", "").unwrap_err();
        assert!(matches!(error, HintsError::TooMany), "{error}");
        assert_eq!(hints.value("one more", START), None);
        // Those that have expired make room.
        let later = START + HOUR;
        hints
            .put("one more".into(), String::new(), HOUR, later)
            .unwrap();
    }

    #[test]
    fn where_nothing_can_be_kept_a_hint_lasts_as_long_as_the_process() {
        let kept = Kept::new();
        fs::write(kept.0.path().join("hints"), "a file").unwrap();
        let mut hints = kept.hints();
        let error = put(&mut hints, "a", "1").unwrap_err();
        assert!(matches!(error, HintsError::Unusable { .. }), "{error}");
        assert_eq!(hints.value("a", START).unwrap(), "1");
    }
}
