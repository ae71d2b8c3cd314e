//! The stand-in for AWS as its clients see it. One program, since each links all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod attributes;
mod faults;
mod integrity;
mod lifecycle;
mod multipart;
mod objects;
mod provider;
mod regions;
mod roles_anywhere;
mod roles_anywhere_attacks;
mod secrets;
mod signing;
mod support;
