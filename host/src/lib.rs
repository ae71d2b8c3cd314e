//! Sealift's host: what stays on the gateway while the upload logic is replaced over the air.
//!
//! A [`Gateway`](gateway::Gateway) is a configured device: it runs the uploader component in a
//! [`sandbox`], lends it credentials from the [`vault`], and puts its requests on a network that
//! knows the device's identity. [`vending`] hands credentials to local programs. [`put`] works out what
//! `sealift put` was asked for; [`updates`] replaces the component over the air; [`agent`] is the service,
//! `sealift run`.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use sealift::gateway::{Gateway, Unobserved, Upload};
//! use sealift::sandbox::Setting;
//!
//! let environment = sealift_config::Environment::of_process();
//! let config = sealift_config::Config::load(None, &environment)?;
//! let gateway = Gateway::open(config, &environment, None)?;
//! let upload = Upload {
//!     bucket: "telemetry".into(),
//!     key: "2026/11/23.csv".into(),
//!     source: sealift_payload::Source::open("/data/out.csv".as_ref())?.into(),
//!     options: vec![Setting::new("content-type", "text/csv")].into(),
//! };
//! let outcome = gateway.upload(upload, Arc::new(Unobserved)).await?;
//! println!("ETag {}", outcome.object().etag);
//! # Ok(())
//! # }
//! ```
//!
//! The arrows point one way: `cli → agent → {vending, updates} → gateway → vault → sandbox → {network, payload, keystore} → config`.
//! Command line and demo are the binary's, the last four are crates of their own.

pub mod agent;
pub mod factory;
pub mod gateway;
mod moment;
pub mod put;
pub mod report;
pub mod sandbox;
pub mod updates;
pub mod vault;
pub mod vending;
