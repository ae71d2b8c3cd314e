//! From sources and a destination to a list of objects.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::destination::{Destination, LONGEST_KEY};
use super::walk::{Found, Walk};
use super::{EntryError, Input, Item, LeftOut, PlanError, Selection};

/// More files than this in one call are refused rather than planned in memory.
pub(super) const MOST_ITEMS: usize = 1_000_000;

/// All objects of one call, in one bucket.
#[derive(Debug)]
pub struct Plan {
    /// The bucket's name.
    pub bucket: String,
    /// The objects, no two with the same key.
    pub items: Vec<Item>,
    /// What was found below directories and cannot become an object. It does not keep the
    /// rest from being uploaded.
    pub left_out: Vec<LeftOut>,
}

impl Plan {
    /// Works out which objects `sources` become at `destination`. What is below a directory
    /// goes without the directory's own name.
    pub fn new(
        sources: &[PathBuf],
        destination: &Destination,
        selection: &Selection,
    ) -> Result<Self, PlanError> {
        let mut planner = Planner {
            destination,
            selection,
            several: sources.len() > 1,
            items: Vec::new(),
            left_out: Vec::new(),
            keys: HashMap::new(),
        };
        for source in sources {
            if source.as_os_str() == OsStr::new("-") {
                planner.stdin()?;
            } else {
                planner.path(source)?;
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
    selection: &'a Selection,
    several: bool,
    items: Vec<Item>,
    left_out: Vec<LeftOut>,
    /// The items' keys. One source alone has no two files for one key.
    keys: HashMap<String, usize>,
}

impl Planner<'_> {
    fn stdin(&mut self) -> Result<(), PlanError> {
        if self.destination.is_prefix() {
            return Err(PlanError::NamelessInput {
                destination: self.destination.clone(),
            });
        }
        self.add(Item {
            input: Input::Stdin,
            key: self.exact_key()?,
            size: None,
            within: None,
        })
    }

    fn path(&mut self, path: &Path) -> Result<(), PlanError> {
        let metadata = path.metadata().map_err(|source| PlanError::Source {
            path: path.into(),
            source,
        })?;
        match (metadata.is_dir(), self.selection.recursive) {
            (true, true) => self.directory(path),
            (true, false) => Err(PlanError::Directory(path.into())),
            (false, _) => self.file(path, &metadata),
        }
    }

    fn file(&mut self, path: &Path, metadata: &Metadata) -> Result<(), PlanError> {
        let name = path.file_name().map_or(path, Path::new);
        let key = if self.destination.is_prefix() {
            self.key_below(path, name).map_err(PlanError::Name)?
        } else {
            self.exact_key()?
        };
        if !self.selection.filter.takes(name) {
            return Ok(());
        }
        self.add(Item {
            input: Input::File(path.into()),
            key,
            size: Some(metadata.len()),
            within: None,
        })
    }

    fn directory(&mut self, root: &Path) -> Result<(), PlanError> {
        let walk = Walk::new(root, self.selection).map_err(|source| PlanError::Source {
            path: root.into(),
            source,
        })?;
        let true_root = walk.true_root();
        for found in walk {
            match found {
                Found::File {
                    path,
                    relative,
                    size,
                } => match self.key_below(&path, &relative) {
                    Ok(key) => self.add(Item {
                        input: Input::File(path),
                        key,
                        size: Some(size),
                        within: Some(Arc::clone(&true_root)),
                    })?,
                    Err(reason) => self.leave_out(path, None, reason)?,
                },
                Found::Unfit {
                    path,
                    relative,
                    reason,
                } => {
                    let key = self.key_below(&path, &relative).ok();
                    self.leave_out(path, key, reason)?;
                }
                Found::Endless => return Err(PlanError::TooMany),
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
    fn key_below(&self, path: &Path, relative: &Path) -> Result<String, EntryError> {
        let unusable = |reason| EntryError::Name {
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

    fn add(&mut self, item: Item) -> Result<(), PlanError> {
        if self.items.len() == MOST_ITEMS {
            return Err(PlanError::TooMany);
        }
        if self.several
            && let Some(first) = self.keys.insert(item.key.clone(), self.items.len())
        {
            return Err(PlanError::Collision {
                key: item.key,
                first: self.items[first].input.clone(),
                second: item.input,
            });
        }
        self.items.push(item);
        Ok(())
    }

    fn leave_out(
        &mut self,
        path: PathBuf,
        key: Option<String>,
        reason: EntryError,
    ) -> Result<(), PlanError> {
        if self.left_out.len() == MOST_ITEMS {
            return Err(PlanError::TooMany);
        }
        self.left_out.push(LeftOut { path, key, reason });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
