//! Credentials for local programs, and what is seen of the gateway from outside.
//!
//! Programs on this machine that use an SDK of AWS, or the AWS CLI, get temporary credentials from a
//! [`Server`] without a key of their own:
//!
//! | way | who may | answers |
//! |---|---|---|
//! | HTTP on a loopback address, `/credentials` and `/credentials/CLIENT` | whoever can read the client's token file | as the container credentials provider of ECS and EKS |
//! | UNIX socket, `/credentials` | root, this user, and users and groups of the configuration | the same |
//! | HTTP on another loopback address (off unless it is configured) | every local program | as the instance metadata service of EC2, version 2 |
//! | `/metrics`, `/healthz`, `/readyz` | every local program | no secret |
//!
//! It listens on loopback addresses alone, by type ([`LoopbackAddress`](sealift_config::LoopbackAddress)),
//! and looks at the peer's address as well. What a browser or a proxy sends is refused, and everything that
//! a connection may cost is bounded (`listener.rs`).
//!
//! Credentials are kept in memory and fetched once for all that wait. They are replaced five to ten minutes
//! before their end (short-lived ones between two and one third of their life before it), at a random time so that
//! many devices do not ask at once; but only if somebody asked within as long as they live, so that a gateway whose programs
//! are idle does not use up its data plan. If that fails they are good until their end, and tries are made after pauses of
//! 1 s to 1 min, or of 2 min after a refusal that only somebody's hand can end.
//!
//! The crate knows no component, no network beyond this machine and no AWS request: credentials come from a
//! [`CredentialSource`].

mod accounts;
mod answer;
mod audit;
mod clock;
mod credentials;
mod desk;
mod endpoint_environment;
mod error;
mod freshness;
mod guard;
mod imds;
mod keeper;
mod listener;
mod metrics;
mod server;
mod settings;
mod socket;
mod source;
mod status;
mod token;
mod token_file;

pub use accounts::AccountsError;
pub use audit::{Audit, AuditError, Handout, Recipient};
pub use clock::Clock;
pub use credentials::Credentials;
pub use endpoint_environment::EndpointEnvironment;
pub use error::Error;
pub use metrics::{Counter, Gauge, Metrics, MetricsError};
pub use server::{Addresses, Control, Parts, Server};
pub use settings::Settings;
pub use socket::SocketError;
pub use source::{CredentialSource, FetchError};
pub use status::Status;
pub use token::NoRandomness;
pub use token_file::TokenError;
