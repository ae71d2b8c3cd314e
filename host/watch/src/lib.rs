//! Watched folders: which files are complete, and what becomes of them afterwards.
//!
//! A [`Watcher`] tells its caller "this file is complete" ([`Found`]); the caller makes its key,
//! uploads it, and when the host itself saw it stored, [`dispose`] does with the file what the
//! [`Rule`] says. Which file that is goes by its [`Fingerprint`]: a file that changed in between is
//! another one, which is left alone and reported anew.
//!
//! **When a file is complete.** Renamed into the folder: at once. Closed by somebody who could
//! write: a moment later. Else when it is unchanged for the rule's `settle`, or for 30 times as long
//! if somebody is seen to have it open. Two writers at once, and one who began before the watcher
//! did, can deceive it, and so can a writer through a memory mapping; what they write later is a new
//! version.
//!
//! **What is promised.** Each version of a file that stays is reported, and while the watcher runs
//! it is reported once. It remembers 100 000 files; of a folder with more, the others are
//! reported again by every scan, and all are when the watcher starts anew: the caller
//! knows from path, fingerprint and key what it has already. Notices that get lost, mounts, folders
//! that come and go and full channels cost time, never a file.
//!
//! **What cannot lead it astray.** Symbolic links are not followed, be it to files or to
//! directories; FIFOs, sockets and devices are not opened.
//!
//! [`relieve`] says what to delete of a folder that holds more than its [`Quota`]; [`list`] says
//! what it holds.
//!
//! ```no_run
//! # async fn example(config: sealift_config::Config) -> Result<(), Box<dyn std::error::Error>> {
//! use sealift_config::KeyValues;
//! use sealift_watch::{Watcher, dispose};
//!
//! let (sender, mut found) = tokio::sync::mpsc::channel(64);
//! let watcher = Watcher::start(config.watch.clone(), &sender)?;
//! while let Some(file) = found.recv().await {
//!     let rules = &mut config.watch.iter();
//!     let Some(rule) = rules.find(|rule| rule.name == file.rule) else { continue };
//!     let key = rule.destination.key.render(&KeyValues {
//!         thing: config.device.thing_name.as_ref(),
//!         host: "gateway-7",
//!         path: &file.relative,
//!         modified: file.modified,
//!         hash: None,
//!         counter: None,
//!     })?;
//!     println!("{} goes to {}/{key}", file.path.display(), rule.destination.bucket);
//!     // … upload it, and then, on a thread that may block:
//!     dispose(&rule.path, &file.relative, file.fingerprint, &rule.after)?;
//! }
//! watcher.stop();
//! # Ok(())
//! # }
//! ```
//!
//! This crate knows files, inotify and the configuration. It knows no network, no queue and no
//! sandbox.

mod directory;
mod dispose;
mod fingerprint;
mod folder;
mod found;
mod list;
mod notices;
mod outlet;
mod quota;
mod signal;
mod sleep;
#[cfg(test)]
mod test_rule;
mod told;
mod tracker;
mod walk;
mod watcher;

pub use dispose::{DisposeError, Disposed, dispose};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use found::Found;
pub use list::{ListError, Listing, list};
pub use quota::{Occupant, Relief, Standing, relieve};
pub use sealift_config::{Disposal, Quota, WatchRule as Rule, WhenFull};
pub use watcher::{WatchError, Watcher};
