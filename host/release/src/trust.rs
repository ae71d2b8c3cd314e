//! What a repository says, as far as it is signed: TUF on the device.
//!
//! The specification (<https://theupdateframework.github.io/specification/>) is the business of the crate `tough`. What
//! it leaves to its caller is done here:
//!
//! - The newest root that was ever trusted is kept and is where the next check begins. A check that always began
//!   with the factory's would take each rotation of keys for a new one and forget what guards against going back.
//! - What is trusted is one file, replaced whole: never the root of one check with the timestamp of another.
//! - Expiry is judged by one [clock](Reading), which may be wrong, and never by the system's alone.
//! - That a newer root cannot be had is not taken for that there is none.
//! - Sizes and times have limits, and what is on disk already is not asked for again: a check without news is
//!   two requests.

mod clock;
mod error;
mod kept;
mod repository;
mod session;
mod source;
mod take;

pub use clock::{ClockBehind, Reading};
pub use error::{Role, TrustError};
pub(crate) use repository::release_of;
pub use repository::{Checked, Repository, Settings, Strange};
pub use source::{ByteStream, DirectorySource, FetchError, Source};
