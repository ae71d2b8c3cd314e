//! What is there of a request.

use std::collections::BTreeMap;

use sealift_config::ThingName;

use crate::document::Place;
use crate::service::iam::Role;
use crate::service::iot::{Alias, Certificate, Policy};
use crate::service::s3::Bucket;

/// What an account, and the devices' directories, have of a request.
#[derive(Clone, Debug)]
pub struct Found {
    pub(crate) place: Place,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) role: Option<Role>,
    pub(crate) alias: Option<Alias>,
    pub(crate) policy: Option<Policy>,
    /// Certificates that the policy is attached to.
    pub(crate) targets: Vec<String>,
    pub(crate) things: BTreeMap<ThingName, FoundThing>,
}

/// What there is of a thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct FoundThing {
    pub(crate) exists: bool,
    /// Certificates that are attached to it, each with the other things that it stands for.
    pub(crate) principals: BTreeMap<String, Vec<String>>,
    /// The one in its directory.
    pub(crate) certificate: Option<Certificate>,
    /// Whether its directory has all other files.
    pub(crate) has_files: bool,
}
