//! The whole configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::document::{Document, File};
use crate::locate::{self, USUAL_PLACES};
use crate::sections::{
    Client, CredentialProvider, Device, Jobs, Network, Put, Release, S3, Sandbox, Service,
    WatchRule,
};
use crate::{ClientName, Environment, Error, directories};

/// The configuration: one field per section of the file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// `[device]`
    pub device: Device,
    /// `[credentials]`
    pub credentials: CredentialProvider,
    /// `[network]`
    pub network: Network,
    /// `[sandbox]`
    pub sandbox: Sandbox,
    /// `[service]`
    pub service: Service,
    /// `[put]`
    pub put: Put,
    /// `[release]`
    pub release: Release,
    /// `[jobs]`, if there is one.
    pub jobs: Option<Jobs>,
    /// `[clients.NAME]`, and the client `default`, which always exists.
    pub clients: BTreeMap<ClientName, Client>,
    /// `[[watch]]`, in the order of the file.
    pub watch: Vec<WatchRule>,
    s3: Option<S3>,
}

impl Config {
    /// Reads the configuration file — `explicit` (which is `--config`), else
    /// `$SEALIFT_CONFIG`, else `./sealift.toml`, else
    /// `/etc/sealift/sealift.toml` — and the overrides in the environment.
    pub fn load(explicit: Option<&Path>, env: &Environment) -> Result<Self, Error> {
        let usual_places = USUAL_PLACES.map(PathBuf::from);
        let (path, text) = locate::find(explicit, env, &usual_places)?;
        Self::parse(&text, &path, env)
    }

    /// Makes sense of the text of the configuration file `path`.
    pub fn parse(text: &str, path: &Path, env: &Environment) -> Result<Self, Error> {
        let names = [
            Device::NAME,
            CredentialProvider::NAME,
            S3::NAME,
            Network::NAME,
            Sandbox::NAME,
            Service::NAME,
            Put::NAME,
            Release::NAME,
            Jobs::NAME,
            Client::NAME,
        ];
        let mut document = Document::parse(File { path, text }, env, &names, &[WatchRule::NAME])?;
        let device = Device::read(document.section(Device::NAME), env)?;
        let credentials =
            CredentialProvider::read(document.section(CredentialProvider::NAME), &device)?;
        Ok(Self {
            path: path.to_owned(),
            s3: S3::read(document.section(S3::NAME), &credentials)?,
            network: Network::read(document.section(Network::NAME), env)?,
            sandbox: Sandbox::read(document.section(Sandbox::NAME))?,
            service: Service::read(document.section(Service::NAME))?,
            put: Put::read(document.section(Put::NAME))?,
            release: Release::read(document.section(Release::NAME))?,
            jobs: Jobs::read(document.section(Jobs::NAME), &device)?,
            clients: Client::read_all(document.section(Client::NAME), &credentials)?,
            watch: WatchRule::read_all(document.list(WatchRule::NAME), &device)?,
            device,
            credentials,
        })
    }

    /// `[s3]`. A configuration for credentials alone needs no such section; then
    /// this is an error only if the credentials endpoint does not tell the
    /// region either.
    pub fn s3(&self) -> Result<&S3, Error> {
        self.s3.as_ref().ok_or_else(|| Error::NoRegion {
            endpoint: self.credentials.endpoint().clone(),
            path: self.path.clone(),
        })
    }

    /// The directory of everything that must outlast the process:
    /// `service.state`, else `$XDG_STATE_HOME/sealift`, else
    /// `~/.local/state/sealift`. It may not exist yet.
    pub fn state_dir(&self, env: &Environment) -> Result<PathBuf, Error> {
        self.service
            .state
            .clone()
            .or_else(|| directories::state(env))
            .ok_or_else(|| Error::NoStateDirectory {
                path: self.path.clone(),
            })
    }

    /// The directory of what can be made again: `$XDG_CACHE_HOME/sealift`, else
    /// `~/.cache/sealift`, else `cache` under the state directory. It may not
    /// exist yet.
    pub fn cache_dir(&self, env: &Environment) -> Result<PathBuf, Error> {
        match directories::cache(env) {
            Some(directory) => Ok(directory),
            None => Ok(self.state_dir(env)?.join("cache")),
        }
    }

    /// The directory where standard input is kept until it is uploaded:
    /// `put.spool_dir`, else `spool` under the state directory. It may not exist
    /// yet.
    pub fn spool_dir(&self, env: &Environment) -> Result<PathBuf, Error> {
        match &self.put.spool_dir {
            Some(directory) => Ok(directory.clone()),
            None => Ok(self.state_dir(env)?.join("spool")),
        }
    }
}
