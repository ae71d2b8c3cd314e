//! The same transfer without the sandbox: the protocol core driven by our own network code.
//!
//! It does what `sealift put` does for several files, one after the other with one connection, and
//! nothing else, so that the difference is what the sandbox costs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use sealift_config::{Config, CredentialProvider, Environment, Iot};
use sealift_core::checksum::Checksum;
use sealift_core::credentials::{Credentials, iot};
use sealift_core::retry::Policy as Retries;
use sealift_core::s3::Destination;
use sealift_core::upload::{
    Action, Body, Described, Event, Framing, Job, MAX_PUT, Options, RequestId, Transfer, Upload,
};
use sealift_core::{Now, Response, Settings};
use sealift_keystore::{IdentityFiles, IdentityStore};
use sealift_network::{
    BoxError, Grant, Network, Policy, RequestBody, RequestLimits, RequestRule, Roots, Rule,
};
use sealift_payload::{Algorithm, Source};

use crate::stage::BUCKET;

/// Uploads files under the prefix `native/`.
pub(crate) fn put(config: &Path, files: &[PathBuf]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = Config::load(Some(config), &Environment::of_process())?;
        let device = device(&config)?;
        let client = Client::new(&config, device)?;
        let credentials = client.credentials(&config).await?;
        for file in files {
            client
                .upload(&config, &credentials, file)
                .await
                .with_context(|| format!("`{}`", file.display()))?;
        }
        Ok(())
    })
}

fn iot(config: &Config) -> Result<&Iot> {
    match &config.credentials {
        CredentialProvider::Iot(iot) => Ok(iot),
        CredentialProvider::RolesAnywhere(_) => {
            bail!("the benchmark fetches credentials from AWS IoT")
        }
    }
}

/// The identity that a configuration names.
pub(crate) fn device(config: &Config) -> Result<Arc<IdentityStore>> {
    let files = IdentityFiles::from(&config.device);
    Ok(Arc::new(IdentityStore::open(files, SystemTime::now())?))
}

fn network(config: &Config, device: Arc<IdentityStore>) -> Result<Network> {
    let roots = config.device.ca.clone().map_or(Roots::System, Roots::File);
    let settings = sealift_network::Settings::of(&config.network, roots)?;
    let store = config
        .s3()?
        .endpoint
        .clone()
        .context("the configuration names no S3 endpoint")?;
    let credentials = iot(config)?;
    let identity = RequestRule {
        grant: Grant::default(),
        method: Method::GET,
        authority: credentials.endpoint.clone(),
        path: format!("/role-aliases/{}/credentials", credentials.role_alias),
        query: None,
        fields: Vec::new(),
    };
    let policy = Policy::new([Rule::Identity(identity), Rule::Configured(store)]);
    Ok(Network::new(settings, policy, Some(device))?)
}

/// Connections of its own, kept open.
pub(crate) struct Client {
    network: Network,
    begun: Instant,
}

impl Client {
    pub(crate) fn new(config: &Config, device: Arc<IdentityStore>) -> Result<Self> {
        Ok(Self {
            network: network(config, device)?,
            begun: Instant::now(),
        })
    }

    pub(crate) async fn credentials(&self, config: &Config) -> Result<Credentials> {
        let provider = iot(config)?;
        let mut list = vec![
            named("endpoint", &provider.endpoint),
            named("role-alias", &provider.role_alias),
        ];
        list.extend(
            config
                .device
                .thing_name
                .as_ref()
                .map(|thing| named("thing-name", thing)),
        );
        let provider = iot::Provider::from_settings(Settings::new(list)?)?;
        let nothing = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let response = self.send(provider.request().map(|()| nothing)).await?;
        Ok(provider.parse(&response)?)
    }

    async fn upload(&self, config: &Config, credentials: &Credentials, file: &Path) -> Result<()> {
        let source = Source::open(file)?;
        let mut upload = Upload::new(
            job(config, file, source.len())?,
            Retries::default(),
            self.now(),
        );
        loop {
            let event = match upload.next(self.now()) {
                Action::Load => Event::Journal(Ok(Vec::new())),
                Action::Report(_) => Event::GoOn,
                Action::Credentials { .. } => Event::Credentials(Ok(credentials.clone())),
                Action::Send {
                    id,
                    request,
                    body: Body::Payload { framing, .. },
                } => self.put(&source, id, request, framing).await?,
                Action::Done(result) => return Ok(result.map(drop)?),
                action => bail!("cannot do {action:?}"),
            };
            upload.handle(event, self.now(), 0);
        }
    }

    async fn put(
        &self,
        source: &Source,
        id: RequestId,
        request: Request<()>,
        framing: Framing,
    ) -> Result<Event> {
        let framing = match framing {
            Framing::Raw => sealift_payload::Framing::Raw { checksum: None },
            Framing::AwsChunked(algorithm) => {
                sealift_payload::Framing::AwsChunked(translate(algorithm)?)
            }
        };
        let (body, sending) = source.body(0..source.len(), framing)?;
        let body = body.map_err(BoxError::from).boxed_unsync();
        let response = self.send(request.map(|()| body)).await?;
        let sent_checksum = sending.checksum().map(|checksum| checksum.base64());
        Ok(Event::Answer {
            id,
            response,
            sent_checksum,
        })
    }

    async fn send(&self, request: Request<RequestBody>) -> Result<Response> {
        let response = self.network.send(request, RequestLimits::default()).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::new(head.status, head.headers, body.into())?)
    }

    fn now(&self) -> Now {
        Now {
            wall: SystemTime::now(),
            monotonic: self.begun.elapsed(),
        }
    }
}

fn job(config: &Config, file: &Path, length: u64) -> Result<Job> {
    let s3 = config.s3()?;
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .context("not a file's name")?;
    let endpoint = s3
        .endpoint
        .as_ref()
        .context("the configuration names no S3 endpoint")?;
    let list = vec![
        named("bucket", &BUCKET),
        named("key", &format!("native/{name}")),
        named("region", &s3.region),
        named("endpoint", endpoint),
        named("addressing", &s3.addressing),
    ];
    let mut settings = Settings::new(list)?;
    let destination = Destination::from_settings(&mut settings)?;
    let checksum = Checksum::from_settings(&mut settings)?;
    let payload = Described {
        length: Some(length),
        fingerprint: String::new(),
    };
    let transfer = Transfer {
        threshold: MAX_PUT,
        ..Transfer::default()
    };
    Ok(Job::new(
        destination,
        payload,
        checksum,
        Options::default(),
        transfer,
    )?)
}

fn named(name: &str, value: &impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn translate(algorithm: sealift_core::checksum::Algorithm) -> Result<Algorithm> {
    let same = Algorithm::ALL
        .into_iter()
        .find(|other| other.name() == algorithm.name());
    same.ok_or_else(|| anyhow!("no checksum is called {algorithm}"))
}
