//! What the kernel tells of a folder, by inotify.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::directory::Directory;

/// Something that happened in the folder; paths are relative to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A file, or something else that is no directory.
    File(PathBuf, Happening),
    /// A directory came to be, with whatever is in it by now.
    DirectoryCame(PathBuf),
    /// A directory went, with all that was in it.
    DirectoryWent(PathBuf),
    /// Some notices were dropped.
    Overflow,
    /// The folder itself was deleted, renamed or unmounted. That it was deleted is told only when
    /// nobody has it open any more, the watcher included.
    FolderWent,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    /// Made in this place, by opening or linking.
    Made,
    /// Written to, or cut.
    Written,
    /// Closed by somebody who could write.
    Closed,
    /// Renamed to this path.
    MovedIn,
    /// Given other times, another owner or mode.
    Touched,
    /// Deleted, or renamed to another path.
    Gone,
}

/// The directories of a folder that the kernel gives notice of.
#[derive(Debug)]
pub(crate) struct Notices {
    inotify: OwnedFd,
    directories: HashMap<i32, Rc<Path>>,
    buffer: Vec<MaybeUninit<u8>>,
}

/// Room for a few hundred notices at once.
const BUFFER: usize = 16 << 10;

/// As many notices as are taken at a time, so that a busy folder cannot keep its watcher from
/// anything else. The kernel's own queue has 16 384 by default.
const AT_ONCE: usize = 16_384;

impl Notices {
    pub(crate) fn new() -> Result<Self, Errno> {
        Ok(Self {
            inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            directories: HashMap::new(),
            buffer: vec![MaybeUninit::uninit(); BUFFER],
        })
    }

    /// Asks for notices of a directory; asking again changes its path.
    pub(crate) fn add(&mut self, directory: &Directory, relative: &Path) -> Result<(), Errno> {
        let wanted = WatchFlags::CREATE
            | WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::EXCL_UNLINK
            | WatchFlags::ONLYDIR;
        // By its descriptor: the path may lead to another directory by now.
        let watch = inotify::add_watch(&self.inotify, directory.path_of_descriptor(), wanted)?;
        self.directories.insert(watch, relative.into());
        Ok(())
    }

    /// Takes in what the kernel has to tell, and hands it on in its order.
    pub(crate) fn read(&mut self) -> Result<Vec<Notice>, Errno> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let read = self.read_with(&mut buffer);
        self.buffer = buffer;
        read
    }

    fn read_with(&mut self, buffer: &mut [MaybeUninit<u8>]) -> Result<Vec<Notice>, Errno> {
        let Self {
            inotify,
            directories,
            ..
        } = self;
        let mut reader = Reader::new(inotify.as_fd(), buffer);
        let mut notices = Vec::new();
        let mut left = Vec::new();
        while notices.len() < AT_ONCE || !reader.is_buffer_empty() {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            };
            let name = event
                .file_name()
                .map(|name| OsStr::from_bytes(name.to_bytes()));
            let Some(notice) = translate(directories, event.wd(), event.events(), name) else {
                continue;
            };
            if let Notice::DirectoryWent(path) = &notice {
                // It may have been renamed, and is heard of by a wrong path until then.
                directories.retain(|watch, directory| {
                    let goes = directory.starts_with(path);
                    if goes {
                        left.push(*watch);
                    }
                    !goes
                });
            }
            notices.push(notice);
        }
        for watch in left {
            // Those of deleted directories are gone already.
            let _ = inotify::remove_watch(&*inotify, watch);
        }
        Ok(notices)
    }
}

impl AsFd for Notices {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn translate(
    directories: &mut HashMap<i32, Rc<Path>>,
    watch: i32,
    events: ReadFlags,
    name: Option<&OsStr>,
) -> Option<Notice> {
    if events.contains(ReadFlags::QUEUE_OVERFLOW) {
        return Some(Notice::Overflow);
    }
    let directory = Rc::clone(directories.get(&watch)?);
    let ends = ReadFlags::IGNORED | ReadFlags::UNMOUNT;
    if events.intersects(ends) {
        directories.remove(&watch);
    }
    if events.intersects(ends | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF) {
        // Of others the directory above tells.
        return directory
            .as_os_str()
            .is_empty()
            .then_some(Notice::FolderWent);
    }
    let path = directory.join(name?);
    let comes = ReadFlags::CREATE | ReadFlags::MOVED_TO;
    let goes = ReadFlags::DELETE | ReadFlags::MOVED_FROM;
    if events.contains(ReadFlags::ISDIR) {
        return if events.intersects(comes) {
            Some(Notice::DirectoryCame(path))
        } else if events.intersects(goes) {
            Some(Notice::DirectoryWent(path))
        } else {
            None
        };
    }
    let happening = [
        (ReadFlags::CREATE, Happening::Made),
        (ReadFlags::MODIFY, Happening::Written),
        (ReadFlags::CLOSE_WRITE, Happening::Closed),
        (ReadFlags::MOVED_TO, Happening::MovedIn),
        (ReadFlags::ATTRIB, Happening::Touched),
        (goes, Happening::Gone),
    ];
    let (_, happening) = happening
        .into_iter()
        .find(|(flags, _)| events.intersects(*flags))?;
    Some(Notice::File(path, happening))
}
