//! S3: what the `s3s` crate leaves to do.
//!
//! A request passes through [`frontend`] (who signed it, when, for which
//! region, with which session token), then through `s3s` (the signature itself
//! and the protocol's syntax), then through [`access`] (may this role do it),
//! and arrives at [`operations`], which work on the [`store`].

mod access;
mod buckets;
mod checksum;
mod claim;
mod encryption;
mod errors;
mod frontend;
mod headers;
mod intake;
mod listing;
mod lock;
mod multipart;
mod objects;
mod operations;
mod refusal;
mod route;
mod store;
mod tags;

pub(crate) use access::Policy;
pub(crate) use frontend::Frontend;
