//! The gateway service: files are uploaded as they appear, whatever becomes of the link and the power.
//!
//! | part | does | file |
//! |---|---|---|
//! | queue | has the queue, on a thread of its own | `desk.rs` |
//! | uploads | works the queue off | `uploads.rs` |
//! | intake | puts files of watched folders into the queue | `intake.rs` |
//! | quotas | keeps folders within their quota | `quota.rs` |
//! | serving | gives local programs credentials, and shows how the service is | `serving.rs` |
//! | updates | replaces the component over the air | `updates.rs` |
//! | orders | replaces it when the fleet's operator says so, through AWS IoT Jobs | `orders.rs` |
//! | network | notices when this machine's network changes | `network_changes.rs` |
//! | watchdog | tells systemd's watchdog that all of them are alive | `systemd.rs` |
//!
//! A part that fails or panics is begun again and does not take the others along (`supervisor.rs`). What
//! is decided is decided by pure state machines: which job begins next (`hand.rs`), what keeps all of
//! them (`gates.rs`, `link.rs`, `budget.rs`), what an error means for a job (`verdict.rs`).

mod attempt;
mod backoff;
mod bell;
mod budget;
mod current;
mod desk;
mod disposal;
mod error;
mod figures;
mod gates;
mod hand;
mod intake;
mod keys;
mod link;
mod meter;
mod network_changes;
mod orders;
mod quota;
mod service;
mod serving;
mod signals;
mod standing;
mod status;
mod stop;
mod supervisor;
mod systemd;
#[cfg(test)]
mod test_jobs;
mod updates;
mod uploads;
mod verdict;

pub use error::ServiceError;
pub use service::run;
