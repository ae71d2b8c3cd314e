//! `[[watch]]`: folders whose files are uploaded as they appear.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Device, StorageClass};
use crate::section::Section;
use crate::value::Value;
use crate::{
    ByteSize, Disposal, Error, FilePatterns, KeyField, RuleName, TimeLimit, WatchDestination,
};

/// One `[[watch]]`: a folder and what becomes of its files. Symbolic links in it are never
/// followed, neither to files nor to directories; the folder itself may be one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchRule {
    /// What the rule is called, unlike all others; default: the folder's path.
    pub name: RuleName,
    /// The folder. It may be missing for a while, like a disk that is not mounted yet.
    pub path: PathBuf,
    /// Where its files go.
    pub destination: WatchDestination,
    /// Which of its files are meant; default: all.
    pub files: FilePatterns,
    /// What becomes of a file once it is uploaded; default: it is kept.
    pub after: Disposal,
    /// How long a file must be unchanged to be complete, unless it was renamed into the folder or
    /// closed after writing; default: 2 s.
    pub settle: TimeLimit,
    /// How often the whole folder is looked through, for what no notice came of; default: 5 min.
    pub rescan: TimeLimit,
    /// How urgent its files are, 0–9, the higher the sooner; default: 5.
    pub priority: u32,
    /// The storage class of its objects. None: that of `[s3]`.
    pub storage_class: Option<StorageClass>,
    /// How much the folder may hold. None: as much as fits.
    pub quota: Option<Quota>,
}

/// How much a folder may hold, and what to do beyond it. At least one of the limits is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// All files together.
    pub max_bytes: Option<ByteSize>,
    /// How many files.
    pub max_files: Option<u32>,
    /// What to do when there are more.
    pub when_full: WhenFull,
}

keyword! {
    /// What to do when a folder holds more than it may.
    WhenFull {
        /// Delete files, those that were written first before others.
        Oldest = "oldest",
        /// Delete files, those of the lowest priority before others.
        LowestPriority = "lowest-priority",
        /// Delete nothing, and take no further files until there is room.
        Stop = "stop",
    }
}

impl WatchRule {
    pub(crate) const NAME: &'static str = "watch";

    /// Each rule takes an inotify instance, of which Linux allows a user 128 unless told otherwise.
    const MOST: usize = 64;

    /// Reads all rules; no two may have the same name.
    pub(crate) fn read_all(value: Option<Value<'_>>, device: &Device) -> Result<Vec<Self>, Error> {
        let Some(value) = value else {
            return Ok(Vec::new());
        };
        let mut names = BTreeSet::new();
        let mut rules = Vec::new();
        for section in value.tables(Self::NAME)? {
            rules.push(Self::read(section, device, &mut names, rules.len())?);
        }
        Ok(rules)
    }

    fn read(
        mut section: Section<'_>,
        device: &Device,
        names: &mut BTreeSet<RuleName>,
        before: usize,
    ) -> Result<Self, Error> {
        if before >= Self::MOST {
            let most = Self::MOST;
            return Err(section.error(format!("there can be no more than {most} [[watch]]")));
        }
        let path = section.required("path", Value::path)?;
        let name = section.optional("name", Value::parse)?;
        let rule = Self {
            name: name.unwrap_or_else(|| RuleName::of_folder(&path)),
            destination: section.required("destination", |value| {
                value.parse_if(|destination| with_thing(destination, device))
            })?,
            files: patterns(&mut section)?,
            after: section
                .optional("after", Value::disposal)?
                .unwrap_or(Disposal::Keep),
            settle: section
                .optional("settle", Value::time_limit)?
                .unwrap_or(TimeLimit::from_secs::<2>()),
            rescan: section
                .optional("rescan", Value::time_limit)?
                .unwrap_or(TimeLimit::from_secs::<300>()),
            priority: section
                .optional("priority", |value| value.count(&(0..=9)))?
                .unwrap_or(5),
            storage_class: section.optional("storage_class", Value::parse)?,
            quota: Quota::read(&mut section)?,
            path,
        };
        if rule.after == Disposal::Move(rule.path.clone()) {
            return Err(section.error("`after` moves files to the folder they are in"));
        }
        if !names.insert(rule.name.clone()) {
            let message = format!(
                "two [[watch]] are called `{}`; give one a `name`",
                rule.name
            );
            return Err(section.error(message));
        }
        section.finish()?;
        Ok(rule)
    }
}

impl Quota {
    fn read(section: &mut Section<'_>) -> Result<Option<Self>, Error> {
        let bytes = ByteSize::from_bytes(1)..=ByteSize::from_mib(1 << 30);
        let max_bytes = section.optional("max_bytes", |value| value.size(&bytes))?;
        let max_files = section.optional("max_files", |value| value.count(&(1..=u32::MAX)))?;
        let when_full = section.optional("when_full", Value::parse)?;
        match (max_bytes, max_files, when_full) {
            (None, None, None) => Ok(None),
            (None, None, Some(_)) => {
                Err(section.error("`when_full` needs `max_bytes` or `max_files`"))
            }
            (max_bytes, max_files, when_full) => Ok(Some(Self {
                max_bytes,
                max_files,
                when_full: when_full.unwrap_or(WhenFull::Stop),
            })),
        }
    }
}

fn with_thing(destination: WatchDestination, device: &Device) -> Result<WatchDestination, String> {
    if destination.key.uses(KeyField::Thing) && device.thing_name.is_none() {
        return Err("{thing} needs `thing_name` in [device]".to_owned());
    }
    Ok(destination)
}

fn patterns(section: &mut Section<'_>) -> Result<FilePatterns, Error> {
    let include = section.optional("include", Value::parse_list)?;
    let exclude = section.optional("exclude", Value::parse_list)?;
    FilePatterns::new(include.unwrap_or_default(), exclude.unwrap_or_default())
        .map_err(|error| section.error(error.to_string()))
}
