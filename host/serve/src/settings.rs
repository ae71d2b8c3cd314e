//! What the configuration says about local programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sealift_config::{
    Client, ClientName, Config, CredentialProvider, Environment, LocalSocket, LoopbackAddress,
    Region,
};

use crate::Error;

/// Where to listen, and for whom.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) listen: LoopbackAddress,
    pub(crate) metrics_listen: Option<LoopbackAddress>,
    pub(crate) socket: Option<LocalSocket>,
    pub(crate) imds: Option<Imds>,
    pub(crate) clients: BTreeMap<ClientName, Client>,
    pub(crate) tokens: Tokens,
    pub(crate) region: Option<Region>,
}

/// The emulated instance metadata service.
#[derive(Clone, Debug)]
pub(crate) struct Imds {
    pub(crate) listen: LoopbackAddress,
    /// What its one role is called.
    pub(crate) role: String,
}

/// Where the tokens' files are.
#[derive(Clone, Debug)]
pub(crate) enum Tokens {
    /// In this directory, kept across restarts.
    Kept(PathBuf),
    /// In this directory, for as long as the server lives.
    Passing(PathBuf),
}

impl Settings {
    /// Those of the service, `sealift run`.
    pub fn of(config: &Config, env: &Environment) -> Result<Self, Error> {
        let local = &config.service.local;
        let imds = local.imds_listen.map(|listen| Imds {
            listen,
            role: role_name(config),
        });
        Ok(Self {
            listen: local.listen,
            metrics_listen: local.metrics_listen,
            socket: local.socket.clone(),
            imds,
            clients: config.clients.clone(),
            tokens: Tokens::Kept(config.state_dir(env)?.join("clients")),
            region: region(config),
        })
    }

    /// Those of a server for one child process, `sealift exec`: a port that the system chooses, client
    /// `default` alone, and a new token in a private file under `$XDG_RUNTIME_DIR` (else `$TMPDIR`, else
    /// `/tmp`) that goes with the server. No state directory is needed.
    pub fn ephemeral(config: &Config, env: &Environment) -> Self {
        let directory = env.var("XDG_RUNTIME_DIR").or_else(|| env.var("TMPDIR"));
        Self {
            listen: LoopbackAddress::v4(0),
            metrics_listen: None,
            socket: None,
            imds: None,
            clients: BTreeMap::from([(ClientName::default_client(), Client::default())]),
            tokens: Tokens::Passing(directory.map_or_else(|| "/tmp".into(), PathBuf::from)),
            region: region(config),
        }
    }
}

/// What programs should take for their region: that of the buckets, unless they are no AWS buckets.
fn region(config: &Config) -> Option<Region> {
    let s3 = config.s3().ok();
    let of_aws = s3.filter(|s3| s3.endpoint.is_none());
    of_aws
        .map(|s3| s3.region.clone())
        .or_else(|| config.credentials.region())
        .or_else(|| s3.map(|s3| s3.region.clone()))
}

fn role_name(config: &Config) -> String {
    match &config.credentials {
        CredentialProvider::Iot(iot) => iot.role_alias.to_string(),
        // `role/PATH/NAME`
        CredentialProvider::RolesAnywhere(roles_anywhere) => {
            let resource = roles_anywhere.role.resource();
            let name = resource.rsplit('/').next().unwrap_or(resource);
            name.to_owned()
        }
    }
}
