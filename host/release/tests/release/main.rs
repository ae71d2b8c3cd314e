//! Releases on a device and at their publisher.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod examples;
mod machine;
mod publish;
mod store;
mod trust;
mod yard;
