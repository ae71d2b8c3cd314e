//! What a device needs in an AWS account, made and unmade.
//!
//! A [`Request`] says which things shall reach which bucket. [`Account::find`] reads what is there, [`plan`] says what is
//! missing, and [`Account::carry_out`] does it, one [`Step`] after the other. Each step can be the last: whoever runs the same again
//! goes on from there. [`unplan`] undoes it.
//!
//! For each thing there is a certificate whose key is made on this machine and never leaves it, or whose request came from
//! elsewhere. All of them share a role that may put objects below the thing's own prefix of the bucket, a role alias for it, and an IoT
//! policy.

mod account;
mod administrator;
mod device;
mod document;
mod error;
mod found;
mod name;
mod plan;
mod request;
mod service;
mod step;
mod wire;

pub use account::Account;
pub use administrator::{Administrator, AdministratorError};
pub use error::Error;
pub use found::Found;
pub use name::{Name, NameError};
pub use plan::{Foreign, plan, unplan};
pub use request::Request;
pub use step::Step;
