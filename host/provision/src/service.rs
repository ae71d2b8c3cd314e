//! The services of an account: each action that is used of them, as a function.

pub(crate) mod iam;
pub(crate) mod iot;
pub(crate) mod s3;
pub(crate) mod sts;
pub(crate) mod xml;

/// What says that we made a resource.
pub(crate) const TAG: (&str, &str) = ("sealift:managed", "true");
