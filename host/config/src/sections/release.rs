//! `[release]`: which component runs, and where newer ones come from.

use std::num::NonZeroU32;
use std::path::PathBuf;

use super::timetable;
use crate::section::Section;
use crate::value::Value;
use crate::{Error, Interval, RepositoryPlace, Windows};

/// `[release]`: updates of the component.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Release {
    /// Where signed releases are. None: nothing is looked for.
    pub repository: Option<Repository>,
    /// How often `sealift run` looks for one; 1 s–30 days, default 6 h.
    pub check: Interval,
    /// When an update may begin its trial, by the clock of the machine's time zone; default: always.
    pub window: Windows,
    /// How many uploads must go well before an update stays; 1–1000, default 10.
    pub trial_jobs: NonZeroU32,
    /// Whether a person may install a component that nobody signed; default false.
    pub unsigned: bool,
}

/// A repository of signed releases, and what is known of it beforehand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repository {
    /// Where it is.
    pub place: RepositoryPlace,
    /// The TUF root that trust begins with.
    pub root: PathBuf,
    /// Whether the device shows its certificate there; `https` only.
    pub identity: bool,
}

const CHECK: Interval = Interval::from_mins::<{ 6 * 60 }>();
const TRIAL_JOBS: NonZeroU32 = NonZeroU32::new(10).unwrap();

impl Release {
    pub(crate) const NAME: &'static str = "release";

    pub(crate) fn read(mut section: Section<'_>) -> Result<Self, Error> {
        let release = Self {
            repository: Repository::read(&mut section)?,
            check: section.optional("check", Value::parse)?.unwrap_or(CHECK),
            window: section.optional("window", windows)?.unwrap_or_default(),
            trial_jobs: section
                .optional("trial_jobs", |value| value.count(&(1..=1000)))?
                .and_then(NonZeroU32::new)
                .unwrap_or(TRIAL_JOBS),
            unsigned: section
                .optional("unsigned", Value::switch)?
                .unwrap_or(false),
        };
        section.finish()?;
        Ok(release)
    }
}

impl Repository {
    fn read(section: &mut Section<'_>) -> Result<Option<Self>, Error> {
        let place = section.optional("repository", Value::repository_place)?;
        let root = section.optional("root", Value::path)?;
        let obstacle = match place {
            Some(RepositoryPlace::Https(_)) => None,
            _ => Some("only the `repository` of a web server, https://…, is shown a certificate"),
        };
        let identity = section.optional("identity", |value| value.switch_unless(obstacle))?;
        match (place, root) {
            (Some(place), Some(root)) => Ok(Some(Self {
                place,
                root,
                identity: identity.unwrap_or(false),
            })),
            (Some(_), None) => {
                let help = "nothing that the `repository` has is trusted without a root to begin with: \
                            metadata/1.root.json, as its publisher gave it to you";
                Err(section.missing("root", Some(help)))
            }
            (None, Some(_)) => {
                Err(section.error("`root` is that of a `repository`, which is missing"))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Reads all periods, which may overlap.
fn windows(value: Value<'_>) -> Result<Windows, Error> {
    let mut windows = Windows::default();
    for mut section in value.tables("release.window")? {
        windows.add(timetable::period(&mut section)?);
        section.finish()?;
    }
    Ok(windows)
}
