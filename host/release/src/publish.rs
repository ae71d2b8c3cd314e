//! Making a repository of signed releases.
//!
//! | place in DIR | holds |
//! |---|---|
//! | `metadata/`, `targets/` | what devices fetch: static files for any web server, plain TUF 1.0 with consistent snapshots |
//! | `keys/` | private keys (0600); those of the root belong on another machine, and none on a server |
//! | `draft/` | metadata that lacks signatures |
//! | `lifetimes.json` | for how long what is signed counts, in seconds |
//!
//! A change is a draft first. Whoever holds a key signs the drafts on a machine of their own, DIR being only
//! files that can be carried there and back; when nothing lacks a signature the drafts are published, the
//! timestamp last, so that a device sees the old repository or the new one.

mod add;
mod check;
mod draft;
mod error;
mod holder;
mod init;
mod kept;
mod keys;
mod publisher;
mod renew;
mod roles;
mod roll_out;
mod rotate;
mod sign;

pub use check::{Expiry, Keys, Report};
pub use error::PublishError;
pub use holder::Holder;
pub use keys::{KeyId, KeyIdError, MadeKey, PublicKey, Signer};
pub use publisher::Publisher;
pub use roles::{Lifetimes, RoleKeys, Roles, UnknownRole};
pub use rotate::Rotation;
pub use sign::{Lacking, Signed};
