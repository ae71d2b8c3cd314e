//! Watched folders: which files are complete, and what becomes of them afterwards.

mod directory;
mod dispose;
mod fingerprint;
mod folder;
mod found;
mod notices;
mod outlet;
mod signal;
mod sleep;
mod told;
mod tracker;
mod walk;
mod watcher;

pub use dispose::{DisposeError, Disposed, dispose};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use found::Found;
pub use sealift_config::{Disposal, WatchRule as Rule};
pub use watcher::{WatchError, Watcher};
