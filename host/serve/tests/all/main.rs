//! The server as programs on this machine meet it, among them those that should not get anything.

#![allow(clippy::unwrap_used, reason = "tests")]

mod attacks;
mod clients;
mod imds;
mod observers;
mod socket;
mod support;
