//! How a thread that waits for files is told something else.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Wake;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, read, write};

/// A descriptor that becomes readable when something is said, and what was said.
#[derive(Debug)]
pub(crate) struct Signal {
    descriptor: OwnedFd,
    stop: AtomicBool,
    rescan: AtomicBool,
}

impl Signal {
    pub(crate) fn new() -> Result<Self, Errno> {
        Ok(Self {
            descriptor: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            stop: AtomicBool::new(false),
            rescan: AtomicBool::new(false),
        })
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.ring();
    }

    pub(crate) fn rescan(&self) {
        self.rescan.store(true, Ordering::Release);
        self.ring();
    }

    /// The descriptor is readable no longer, until something is said again.
    pub(crate) fn heard(&self) {
        // It fails only when nothing was said.
        let _ = read(&self.descriptor, &mut [0; 8]);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether another scan was asked for since the last time.
    pub(crate) fn take_rescan(&self) -> bool {
        self.rescan.swap(false, Ordering::AcqRel)
    }

    fn ring(&self) {
        // It fails only when the descriptor is readable already.
        let _ = write(&self.descriptor, &1_u64.to_ne_bytes());
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
