//! A file system in memory that knows what a loss of power would leave of it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sealift_release::FileSystem;

/// What a loss of power does to what was not synced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// Nothing: only the process died.
    Process,
    /// All of it is gone.
    Everything,
    /// Names are as they were last, and what was written into the files is gone: a journal of metadata.
    Contents,
}

/// A file's contents as they are, and as they are on the disk.
#[derive(Clone, Debug, Default)]
struct Node {
    now: Vec<u8>,
    kept: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
struct Disk {
    nodes: BTreeMap<u64, Node>,
    now: BTreeMap<PathBuf, u64>,
    kept: BTreeMap<PathBuf, u64>,
    directories: BTreeSet<PathBuf>,
}

/// The disk, until so many effects have happened.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    disk: Rc<RefCell<Disk>>,
    left: Rc<Cell<usize>>,
}

impl Recording {
    /// An empty disk whose power goes after so many effects.
    pub(crate) fn new(effects: usize) -> Self {
        Self {
            disk: Rc::default(),
            left: Rc::new(Cell::new(effects)),
        }
    }

    /// The same disk after the loss, with power for good.
    pub(crate) fn after(&self, loss: Loss) -> Self {
        let mut disk = self.disk.borrow().clone();
        match loss {
            Loss::Process => {}
            Loss::Everything => disk.now = disk.kept.clone(),
            Loss::Contents => disk.kept = disk.now.clone(),
        }
        if !matches!(loss, Loss::Process) {
            for node in disk.nodes.values_mut() {
                node.now.clone_from(&node.kept);
            }
        }
        Self {
            disk: Rc::new(RefCell::new(disk)),
            left: Rc::new(Cell::new(usize::MAX)),
        }
    }

    /// A copy with power for so many effects.
    pub(crate) fn copy(&self, effects: usize) -> Self {
        let copy = self.after(Loss::Process);
        copy.left.set(effects);
        copy
    }

    /// How many effects have happened, of so many.
    pub(crate) fn used(&self, of: usize) -> usize {
        of - self.left.get()
    }

    /// The files that there are.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.disk.borrow().now.keys().cloned().collect()
    }

    /// Puts something else into a file.
    pub(crate) fn spoil(&self, path: &Path, spoil: impl Fn(&mut Vec<u8>)) {
        let mut disk = self.disk.borrow_mut();
        let node = disk.now[path];
        let node = disk.nodes.get_mut(&node).unwrap();
        spoil(&mut node.now);
        node.kept.clone_from(&node.now);
    }

    /// One more effect, if there is power for it.
    fn effect<T>(&self, effect: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        let left = self.left.get().checked_sub(1);
        self.left
            .set(left.ok_or_else(|| io::Error::other("the power is gone"))?);
        effect(&mut self.disk.borrow_mut())
    }
}

impl Disk {
    fn node(&mut self, path: &Path) -> io::Result<&mut Node> {
        let directory = path.parent().unwrap();
        if !self.directories.contains(directory) {
            let told = format!("no directory {}", directory.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, told));
        }
        let next = self.nodes.len() as u64;
        let node = *self.now.entry(path.to_owned()).or_insert(next);
        Ok(self.nodes.entry(node).or_default())
    }

    fn existing(&mut self, path: &Path) -> io::Result<&mut Node> {
        let node = self.now.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.nodes.get_mut(node).unwrap())
    }
}

impl FileSystem for Recording {
    type Lock = ();

    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        if self.left.get() == 0 {
            return Err(io::Error::other("the power is gone"));
        }
        let mut disk = self.disk.borrow_mut();
        let Ok(node) = disk.existing(path) else {
            return Ok(None);
        };
        if node.now.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Some(node.now.clone()))
    }

    /// Made for good at once: the real one syncs.
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        if self.disk.borrow().directories.contains(path) {
            return Ok(());
        }
        self.effect(|disk| {
            disk.directories.insert(path.to_owned());
            Ok(())
        })
    }

    fn write(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        self.effect(|disk| {
            disk.node(path)?.now = contents.to_vec();
            Ok(())
        })
    }

    fn append(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        self.effect(|disk| {
            disk.node(path)?.now.extend_from_slice(contents);
            Ok(())
        })
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.effect(|disk| {
            let node = disk.existing(path)?;
            node.kept.clone_from(&node.now);
            Ok(())
        })
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.effect(|disk| {
            disk.kept.retain(|file, _| file.parent() != Some(path));
            let here = disk
                .now
                .iter()
                .filter(|(file, _)| file.parent() == Some(path));
            disk.kept
                .extend(here.map(|(file, node)| (file.clone(), *node)));
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.effect(|disk| {
            let node = disk.now.remove(from).ok_or(io::ErrorKind::NotFound)?;
            disk.now.insert(to.to_owned(), node);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if !self.disk.borrow().now.contains_key(path) {
            return Ok(());
        }
        self.effect(|disk| {
            disk.now.remove(path);
            Ok(())
        })
    }

    fn lock(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn try_lock(&self, _: &Path) -> io::Result<Option<()>> {
        Ok(Some(()))
    }
}
