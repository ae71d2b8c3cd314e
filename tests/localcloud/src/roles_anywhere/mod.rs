//! IAM Roles Anywhere: credentials for who signs with the key of an X.509 certificate.
//!
//! [`Sessions`] answers `POST /sessions`. What a request says of its signature
//! ([`authorization`]) is checked against the request itself ([`canonical`])
//! and the certificate in it ([`certificate`]); what it asks for ([`session`])
//! against the account ([`account`]).
//!
//! <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication.html>

mod account;
mod answer;
mod authorization;
mod canonical;
mod certificate;
mod refusal;
mod service;
mod session;

pub use account::{Profile, Role, RolesAnywhere, TrustAnchor};

pub(crate) use account::Account;
pub(crate) use service::Sessions;
