//! A folder that is there.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::directory::Identity;
use crate::notices::{Notice, Notices};
use crate::told::{Told, Trouble};
use crate::walk::Walk;

/// What the kernel tells of a folder that is there, and the look through it that is under way. The
/// folder itself is open only while something is done with it: the kernel tells that it is deleted
/// only when nobody has it open.
pub(super) struct Opened {
    pub(super) identity: Identity,
    pub(super) walk: Option<Walk>,
    /// None if the kernel gives no notices: then scans have to do.
    notices: Option<Notices>,
    walk_began: Instant,
}

impl Opened {
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            walk: None,
            notices: None,
            walk_began: Instant::now(),
        }
    }

    /// What the kernel told since the last time.
    pub(super) fn notices(&mut self, told: &mut Told) -> Vec<Notice> {
        let Some(notices) = &mut self.notices else {
            return Vec::new();
        };
        notices.read().unwrap_or_else(|error| {
            unnoticed(told, error);
            self.notices = None;
            vec![Notice::Overflow]
        })
    }

    /// Begins to look through the whole folder; asks for notices of each directory on the way.
    pub(super) fn begin_scan(&mut self, aside: Option<PathBuf>, now: Instant, told: &mut Told) {
        if self.notices.is_none() {
            match Notices::new() {
                Ok(notices) => self.notices = Some(notices),
                Err(error) => unnoticed(told, error),
            }
        }
        self.walk_began = now;
        self.walk = Some(Walk::whole(aside));
    }

    pub(super) fn is_scanning(&self) -> bool {
        self.walk.as_ref().is_some_and(Walk::is_whole)
    }

    /// Looks through a directory that came to be.
    pub(super) fn visit(&mut self, directory: PathBuf, aside: Option<&Path>) {
        let walk = self
            .walk
            .get_or_insert_with(|| Walk::partial(aside.map(Path::to_owned)));
        walk.add(directory);
    }

    /// The walk entered a directory. What comes to be in it from here on is noticed, and what was
    /// there before is listed.
    pub(super) fn entered(&mut self, path: &Path, told: &mut Told) {
        let directory = self.walk.as_ref().and_then(Walk::directory);
        if let (Some(notices), Some(directory)) = (&mut self.notices, directory)
            && let Err(error) = notices.add(directory, path)
        {
            unnoticed(told, error);
        }
    }

    /// The walk came to its end; answers with how long it took.
    pub(super) fn end_walk(&mut self, now: Instant) -> Duration {
        self.walk = None;
        now.saturating_duration_since(self.walk_began)
    }

    /// What becomes readable when there are notices.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.notices.as_ref().map(AsFd::as_fd)
    }
}

fn unnoticed(told: &mut Told, error: Errno) {
    told.once(Trouble::Unnoticed, || {
        let cure = match error {
            Errno::NOSPC => "raise fs.inotify.max_user_watches",
            Errno::MFILE => "raise fs.inotify.max_user_instances or the limit of open files",
            _ => "shorten `rescan` if that takes too long",
        };
        format!(
            "the kernel does not tell of all changes in the folder ({error}), which are found by the next scan; {cure}"
        )
    });
}
