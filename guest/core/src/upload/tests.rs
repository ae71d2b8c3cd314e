//! The machine on its main paths, against refusals, and in a world where everything fails at
//! random.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod model;
