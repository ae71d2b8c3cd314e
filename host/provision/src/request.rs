//! What shall be.

use std::path::{Path, PathBuf};

use sealift_config::ThingName;

use crate::Name;

/// Which devices shall reach which bucket.
#[derive(Clone, Debug)]
pub struct Request {
    /// The devices; at least one.
    pub things: Vec<ThingName>,
    /// The bucket's name.
    pub bucket: String,
    /// Whether the bucket is made, and protected, too.
    pub create_bucket: bool,
    /// What role, role alias and IoT policy are called.
    pub name: Name,
    /// Where the devices' files go: into this directory for one thing, into one below it for each of several.
    pub out: PathBuf,
    /// A certificate request that was made on the device, for the one thing; without it a key is made here.
    pub csr: Option<PathBuf>,
}

impl Request {
    /// Where the files of a thing go.
    pub(crate) fn directory(&self, thing: &ThingName) -> PathBuf {
        if self.things.len() == 1 {
            self.out.clone()
        } else {
            self.out.join(thing.as_str())
        }
    }
}

/// The files of a device, by the names that AWS gives them.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) ca: PathBuf,
    pub(crate) config: PathBuf,
}

impl Files {
    pub(crate) fn inside(directory: &Path) -> Self {
        Self {
            certificate: directory.join("device.pem.crt"),
            key: directory.join("private.pem.key"),
            ca: directory.join("AmazonRootCA1.pem"),
            config: directory.join("sealift.toml"),
        }
    }
}
