//! How a watcher sleeps until something happens.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;

use crate::signal::Signal;

/// What wakes a watcher besides the notices of its folder.
pub(crate) struct Sleep {
    signal: Arc<Signal>,
    /// The table of mounts, which the kernel marks when it changes; none where there is no `/proc`.
    mounts: Option<OwnedFd>,
}

/// What ended a sleep; neither is true when it was the signal or the time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Woken {
    /// There are notices.
    pub(crate) notices: bool,
    /// Something was mounted or unmounted.
    pub(crate) mounts: bool,
}

impl Sleep {
    pub(crate) fn new(signal: Arc<Signal>) -> Self {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        Self {
            signal,
            mounts: open("/proc/self/mountinfo", flags, Mode::empty()).ok(),
        }
    }

    /// Sleeps until the signal is rung, something is mounted, there are `notices`, or the time is
    /// over.
    pub(crate) fn until(
        &self,
        timeout: Duration,
        notices: Option<BorrowedFd<'_>>,
    ) -> Result<Woken, Errno> {
        let mut descriptors = vec![PollFd::new(&*self.signal, PollFlags::IN)];
        let notices_at = notices.map(|notices| {
            descriptors.push(PollFd::from_borrowed_fd(notices, PollFlags::IN));
            descriptors.len() - 1
        });
        let mounts_at = self.mounts.as_ref().map(|mounts| {
            descriptors.push(PollFd::from_borrowed_fd(mounts.as_fd(), PollFlags::PRI));
            descriptors.len() - 1
        });
        wait(&mut descriptors, timeout)?;
        let is_ready =
            |at: Option<usize>| at.is_some_and(|at| !descriptors[at].revents().is_empty());
        Ok(Woken {
            notices: is_ready(notices_at),
            mounts: is_ready(mounts_at),
        })
    }

    /// Sleeps for a moment, unless the signal is rung.
    pub(crate) fn moment(&self, timeout: Duration) -> Result<(), Errno> {
        wait(&mut [PollFd::new(&*self.signal, PollFlags::IN)], timeout)
    }
}

fn wait(descriptors: &mut [PollFd<'_>], timeout: Duration) -> Result<(), Errno> {
    // One that is too long to be said is as good as for ever.
    let timeout = Timespec::try_from(timeout).ok();
    match poll(descriptors, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error),
    }
}
