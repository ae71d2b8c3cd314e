//! All watched folders together.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustix::io::Errno;
use tokio::sync::mpsc::Sender;

use crate::Rule;
use crate::folder::Folder;
use crate::found::Found;
use crate::signal::Signal;

/// Watches folders, each with a thread of its own, so that one on a slow disk keeps up nobody else.
/// Dropped, it tells the threads to stop and does not wait for them.
#[derive(Debug)]
pub struct Watcher(Vec<Watching>);

#[derive(Debug)]
struct Watching {
    signal: Arc<Signal>,
    /// None after it was joined.
    thread: Option<JoinHandle<()>>,
}

/// Folders cannot be watched for want of something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// Of a descriptor.
    #[error(
        "cannot watch {folder}: no descriptor to wake its watcher with; raise the limit of open files"
    )]
    Signal {
        /// The folder.
        folder: String,
        /// Why.
        source: Errno,
    },
    /// Of a thread.
    #[error("cannot watch {folder}: no thread for it; raise the limit of tasks")]
    Thread {
        /// The folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The stack of a watcher's thread, which calls nothing deep.
const STACK: usize = 256 << 10;

impl Watcher {
    /// Watches the folder of each rule; files in them are told by `sender` as soon as they are
    /// complete, those that are there already included. A folder that is not there, or goes, is
    /// waited for.
    ///
    /// While the channel is full the watcher waits, without losing a file. When its receiver is
    /// dropped it ends.
    pub fn start(rules: Vec<Rule>, sender: &Sender<Found>) -> Result<Self, WatchError> {
        let watching = rules
            .into_iter()
            .map(|rule| Watching::start(rule, sender.clone()));
        Ok(Self(watching.collect::<Result<_, _>>()?))
    }

    /// Looks through all folders now and reports every complete file again, whether it was reported
    /// or not.
    pub fn rescan(&self) {
        for watching in &self.0 {
            watching.signal.rescan();
        }
    }

    /// Ends the threads and waits for them: for milliseconds, unless a file system hangs. A thread
    /// that panicked has ended too.
    pub fn stop(mut self) {
        for watching in &self.0 {
            watching.signal.stop();
        }
        for watching in &mut self.0 {
            if let Some(thread) = watching.thread.take()
                && thread.join().is_err()
            {
                tracing::error!("the watcher of a folder had panicked");
            }
        }
    }
}

impl Watching {
    fn start(rule: Rule, sender: Sender<Found>) -> Result<Self, WatchError> {
        let folder = rule.path.display().to_string();
        let signal = match Signal::new() {
            Ok(signal) => Arc::new(signal),
            Err(source) => return Err(WatchError::Signal { folder, source }),
        };
        let ringing = Arc::clone(&signal);
        let thread = thread::Builder::new()
            .name("watch".to_owned())
            .stack_size(STACK)
            .spawn(move || Folder::new(rule, sender, ringing).run())
            .map_err(|source| WatchError::Thread { folder, source })?;
        Ok(Self {
            signal,
            thread: Some(thread),
        })
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.signal.stop();
    }
}
