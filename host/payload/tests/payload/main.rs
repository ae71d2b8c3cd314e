//! What a user of the crate may rely on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod body;
mod change;
mod http;
mod open;
mod streaming;
mod support;
