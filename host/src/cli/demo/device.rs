//! The device of the story: files in a folder and the configuration that names them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use localcloud::{Authority, KeyType, LocalCloud, Validity};
use sealift::gateway::Gateway;
use sealift_config::{Config, Environment};

use super::super::Failure;

/// The device that `local-cloud` provisioned.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) config: PathBuf,
    pub(super) ca: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    pub(super) credentials_endpoint: String,
    pub(super) s3_endpoint: String,
}

impl Device {
    pub(super) fn new(cloud: &LocalCloud) -> Self {
        let paths = cloud.paths();
        Self {
            config: paths.config.clone(),
            ca: paths.ca.clone(),
            certificate: paths.certificate.clone(),
            key: paths.key.clone(),
            credentials_endpoint: cloud.credentials_endpoint().to_owned(),
            s3_endpoint: cloud.s3_endpoint().to_owned(),
        }
    }

    /// A gateway of the configuration, with some keys overridden and possibly another component.
    pub(super) fn gateway(
        &self,
        overrides: &[(&'static str, String)],
        component: Option<&Path>,
    ) -> Result<Gateway, Failure> {
        let ours = overrides
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.into()));
        let environment: Environment = directories().chain(ours).collect();
        let config = Config::load(Some(&self.config), &environment)?;
        Ok(Gateway::open(config, &environment, component)?)
    }

    /// Overrides that present a certificate of a CA that the stand-in does not know.
    pub(super) fn stranger(
        cloud: &LocalCloud,
    ) -> Result<Vec<(&'static str, String)>, StrangerError> {
        let stranger =
            Authority::new()?.issue("stranger", KeyType::EcdsaP256, Validity::default())?;
        let certificate = cloud.dir().join("stranger.pem.crt");
        let key = cloud.dir().join("stranger.pem.key");
        fs::write(&certificate, stranger.certificate_pem())?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&key)?;
        io::Write::write_all(&mut file, stranger.key_pem().as_bytes())?;
        Ok(vec![
            (
                "SEALIFT_DEVICE_CERTIFICATE",
                certificate.display().to_string(),
            ),
            ("SEALIFT_DEVICE_KEY", key.display().to_string()),
        ])
    }
}

/// Why there is no stranger.
#[derive(Debug, thiserror::Error)]
pub(super) enum StrangerError {
    #[error("cannot make a certificate")]
    Issue(#[from] localcloud::Error),
    #[error("cannot write a certificate")]
    Write(#[from] io::Error),
}

/// Of the process's environment, only where caches go: the story is the same everywhere.
fn directories() -> impl Iterator<Item = (String, OsString)> {
    let kept = ["HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"];
    kept.into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var_os(name)?)))
}
