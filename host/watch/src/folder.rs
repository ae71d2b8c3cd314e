//! The watcher of one folder: a thread that sleeps until something happens.

mod opened;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use crate::Rule;
use crate::directory::Directory;
use crate::found::{Found, system_time};
use crate::notices::{Happening, Notice};
use crate::outlet::{Outlet, Room};
use crate::signal::Signal;
use crate::sleep::Sleep;
use crate::told::{Told, Trouble};
use crate::tracker::{Event, Patience, Tracker, Verdict};
use crate::walk::{Step, aside_of, is_within};
use opened::Opened;

/// A folder, whether it is there at the moment or not.
pub(crate) struct Folder {
    rule: Rule,
    /// Where files of this folder are moved to, if that is in the folder.
    aside: Option<PathBuf>,
    signal: Arc<Signal>,
    outlet: Outlet,
    /// Nobody takes files at the moment; the signal tells when that is over.
    is_blocked: bool,
    tracker: Tracker,
    opened: Option<Opened>,
    /// When a folder that is not there is looked for again, or one that is there is looked through.
    next_try: Instant,
    /// Not before that, however much is missed: looking through it must not be all that is done.
    next_extra: Instant,
    /// Something was mounted or unmounted, perhaps the folder.
    is_mount_changed: bool,
    sleep: Sleep,
    told: Told,
}

/// Files beyond that are left to a scan: 100 000 paths are some 20 MiB.
const MOST_FILES: usize = 100_000;

/// How often a folder that is not there is looked for.
const RETRY: Duration = Duration::from_secs(1);

/// Notices of a writer at work come one by one. Taken together after a moment they cost less.
const GATHER: Duration = Duration::from_millis(5);

/// Between scans that nobody planned; at least as long as the last one took.
const PAUSE: Duration = Duration::from_millis(200);

/// Entries and files that are looked at before notices are taken in again.
const AT_ONCE: usize = 512;

impl Folder {
    pub(crate) fn new(rule: Rule, sender: Sender<Found>, signal: Arc<Signal>) -> Self {
        let now = Instant::now();
        Self {
            aside: aside_of(&rule),
            outlet: Outlet::new(sender, Arc::clone(&signal)),
            sleep: Sleep::new(Arc::clone(&signal)),
            signal,
            is_blocked: false,
            tracker: Tracker::new(Patience::new(rule.settle.duration()), MOST_FILES),
            opened: None,
            next_try: now,
            next_extra: now,
            is_mount_changed: false,
            told: Told::new(rule.name.clone()),
            rule,
        }
    }

    /// Watches until it is told to stop, or nobody wants to know of files any more.
    pub(crate) fn run(mut self) {
        while self.turn().is_continue() {
            self.sleep();
        }
    }

    /// Does what there is to do now.
    pub(crate) fn turn(&mut self) -> ControlFlow<()> {
        self.signal.heard();
        if self.signal.is_stopped() {
            return ControlFlow::Break(());
        }
        if self.signal.take_rescan() {
            self.tracker.forget_reported();
        }
        let now = Instant::now();
        match self.hold(now) {
            Some(root) => {
                self.hear(&root, now);
                self.look_around(&root, now);
                self.report(&root)
            }
            None => ControlFlow::Continue(()),
        }
    }

    /// Opens the folder if it is there, and lets go of what was there before.
    fn hold(&mut self, now: Instant) -> Option<Directory> {
        let is_mount_changed = std::mem::take(&mut self.is_mount_changed);
        if self.opened.is_none() && now < self.next_try && !is_mount_changed {
            return None;
        }
        let found = Directory::open(&self.rule.path)
            .and_then(|directory| Ok((directory.identity()?, directory)));
        match found {
            Ok((identity, root)) => {
                let known = self.opened.as_ref().map(|opened| opened.identity);
                if known != Some(identity) {
                    self.let_go(now);
                    self.told
                        .over(Trouble::Missing, "the watched folder is there");
                    self.opened = Some(Opened::new(identity));
                    self.next_try = now;
                }
                Some(root)
            }
            Err(error) => {
                self.let_go(now);
                let path = self.rule.path.display();
                self.told.once(Trouble::Missing, || {
                    format!(
                        "cannot open the watched folder {path} ({error}); it is looked for until it is there"
                    )
                });
                self.next_try = now + RETRY;
                None
            }
        }
    }

    fn let_go(&mut self, now: Instant) {
        if self.opened.take().is_some() {
            self.tracker.gone_below(Path::new(""));
            // Where it is removed and made again, that takes a moment.
            self.next_try = now + GATHER;
        }
    }

    /// Takes in the kernel's notices.
    fn hear(&mut self, root: &Directory, now: Instant) {
        let Some(opened) = &mut self.opened else {
            return;
        };
        for notice in opened.notices(&mut self.told) {
            self.take(notice, root, now);
            if self.opened.is_none() {
                break;
            }
        }
    }

    /// Takes in one notice.
    fn take(&mut self, notice: Notice, root: &Directory, now: Instant) {
        match notice {
            Notice::File(path, happening) if self.wants(&path) => {
                if let Some(event) = event(root, &path, happening) {
                    self.tracker.handle(&path, event, now);
                }
            }
            Notice::File(..) => {}
            Notice::DirectoryCame(path) => {
                if let Some(opened) = &mut self.opened
                    && !is_within(&path, self.aside.as_deref())
                {
                    opened.visit(path, self.aside.as_deref());
                }
            }
            Notice::DirectoryWent(path) => self.tracker.gone_below(&path),
            Notice::Overflow => self.tracker.overflow(),
            Notice::FolderWent => self.let_go(now),
        }
    }

    fn wants(&self, path: &Path) -> bool {
        !is_within(path, self.aside.as_deref()) && self.rule.files.take(path)
    }

    /// Looks through the folder when it is time, for a while.
    fn look_around(&mut self, root: &Directory, now: Instant) {
        let Some(opened) = &mut self.opened else {
            return;
        };
        let missed = self.tracker.wants_scan() && now >= self.next_extra;
        if (now >= self.next_try || missed) && !opened.is_scanning() {
            opened.begin_scan(self.aside.clone(), now, &mut self.told);
            self.tracker.scan_begins();
            self.next_try = now + self.rule.rescan.duration();
        }
        for _ in 0..AT_ONCE {
            if !self.tracker.has_room() || !self.step(root, now) {
                break;
            }
        }
    }

    /// Looks at one entry; false if there is none.
    fn step(&mut self, root: &Directory, now: Instant) -> bool {
        let Some(opened) = &mut self.opened else {
            return false;
        };
        let Some(walk) = &mut opened.walk else {
            return false;
        };
        match walk.step(root) {
            Step::Directory(path) => opened.entered(&path, &mut self.told),
            Step::File(path, state) => {
                if self.wants(&path) {
                    self.tracker.handle(&path, Event::Seen(state), now);
                }
            }
            Step::Other => {}
            Step::Unreadable(path, error) => {
                let path = self.rule.path.join(path);
                self.told.once(Trouble::Unreadable, || {
                    format!(
                        "cannot look at {} ({error}); it is left out",
                        path.display()
                    )
                });
            }
            Step::End => {
                if walk.is_whole() {
                    self.tracker.scan_ends();
                }
                let took = opened.end_walk(Instant::now());
                self.next_extra = Instant::now() + PAUSE.max(took);
                return false;
            }
        }
        true
    }

    /// Looks at files that are due and reports those that are complete.
    fn report(&mut self, root: &Directory) -> ControlFlow<()> {
        self.is_blocked = false;
        for _ in 0..AT_ONCE {
            let now = Instant::now();
            let Some(path) = self.tracker.due(now) else {
                break;
            };
            match self.outlet.room() {
                Room::Free => {}
                Room::Full => {
                    self.is_blocked = true;
                    break;
                }
                Room::Closed => return ControlFlow::Break(()),
            }
            // What cannot be looked at now may be found by the next scan.
            let stat = root.file_below(&path).ok().flatten();
            let state = stat.as_ref().map(crate::Fingerprint::from);
            let verdict = self.tracker.looked(&path, state, now);
            if let (Verdict::Complete, Some(fingerprint)) = (verdict, state) {
                self.outlet.send(Found {
                    rule: self.rule.name.clone(),
                    path: self.rule.path.join(&path),
                    relative: path.to_path_buf(),
                    fingerprint,
                    size: fingerprint.size(),
                    modified: system_time(fingerprint.modified()),
                });
            }
        }
        ControlFlow::Continue(())
    }

    /// Sleeps until something happens or is due.
    fn sleep(&mut self) {
        let timeout = self.timeout(Instant::now());
        let notices = self.opened.as_ref().and_then(Opened::descriptor);
        let slept = self.sleep.until(timeout, notices).and_then(|woken| {
            self.is_mount_changed = woken.mounts;
            if woken.notices && !timeout.is_zero() {
                self.sleep.moment(GATHER)?;
            }
            Ok(())
        });
        if let Err(error) = slept {
            self.told.once(Trouble::Sleepless, || {
                format!(
                    "cannot wait for changes of the folder ({error}); it is looked at every second"
                )
            });
            std::thread::sleep(RETRY);
        }
    }

    /// How long nothing will be due.
    fn timeout(&self, now: Instant) -> Duration {
        let is_scanning = match &self.opened {
            Some(opened) if opened.walk.is_some() && self.tracker.has_room() => {
                return Duration::ZERO;
            }
            Some(opened) => opened.is_scanning(),
            None => return self.next_try.saturating_duration_since(now),
        };
        // A scan that waits for room is woken by the files that are due.
        let planned = (!is_scanning).then_some(self.next_try);
        let extra = (!is_scanning && self.tracker.wants_scan()).then_some(self.next_extra);
        let due = self.tracker.next_due().filter(|_| !self.is_blocked);
        let next = [planned, extra, due].into_iter().flatten().min();
        // With nothing to wait for but the signal, the interval of scans is as good as any.
        next.map_or(self.rule.rescan.duration(), |next| {
            next.saturating_duration_since(now)
        })
    }
}

/// What a notice means for a file; none if there is no file.
fn event(root: &Directory, path: &Path, happening: Happening) -> Option<Event> {
    Some(match happening {
        // A new file that has contents already was linked, and nobody will close it; an empty one
        // was opened by somebody who is about to write.
        Happening::Made => match root.file_below(path) {
            Ok(Some(stat)) if stat.st_size == 0 => Event::Written,
            Ok(None) => return None,
            Ok(Some(_)) | Err(_) => Event::Touched,
        },
        Happening::Written => Event::Written,
        Happening::Closed => Event::Closed,
        Happening::MovedIn => Event::MovedIn,
        Happening::Touched => Event::Touched,
        Happening::Gone => Event::Gone,
    })
}

#[cfg(test)]
mod tests;
