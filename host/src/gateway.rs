//! A device's way into AWS: the configuration put to work.

mod calls;
mod egress;
mod fetches;
mod kept;
mod loading;
mod location;
mod opening;
mod own;
mod plugin;
mod quota;
mod refused;
mod roles;
mod services;
mod session;
mod signatures;

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use sealift_config::{Config, RoleAlias, S3};
use sealift_payload::Payload;
use sealift_state::{AuditError, Event};

use crate::sandbox::{
    CallError, Credentials, Job, JobJournal, Options, Outcome, Place, Sandbox, Unfinished,
};

pub use calls::Request;
use fetches::Fetches;
pub use opening::{OpenError, corrected_time, limits};
use plugin::Lineup;
pub use plugin::Plugin;
use quota::Retries;
use roles::Role;
pub use roles::UnknownRole;
use services::{JobServices, Surroundings};
pub use services::{Observer, Unobserved};
pub(crate) use session::UNRESERVED;

/// A request body may be sent this often, and then some: attempts beyond that are a defect.
const SENDS: u64 = 8;

/// The smallest part of a multipart upload, in bytes (S3 User Guide, "multipart upload limits").
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// What a part costs beside its bytes: the heads of its requests with a long session token, and its
/// line in the completing request, in bytes.
const PART_OVERHEAD: u64 = 128 * 1024;

/// The most unfinished uploads that are listed at once (`transfer.list-unfinished`).
pub const MOST_UNFINISHED: usize = 1000;

/// What a component may send for itself in an upload, in bytes.
const OWN_BYTES: u64 = 64 * 1024 * 1024;

/// One configured device: an identity, a network, a component, and the credentials they obtain.
#[derive(Debug)]
pub struct Gateway {
    config: Config,
    sandbox: Sandbox,
    lineup: Lineup,
    surroundings: Arc<Surroundings>,
}

/// What to upload and how.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, literally.
    pub key: String,
    /// The object's bytes.
    pub source: Payload,
    /// How to upload it: settings of `job.options` beside those of the configuration.
    pub options: Options,
}

impl Gateway {
    /// The configuration that this gateway was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Asks for credentials even if an earlier process was refused them just now.
    pub fn ask_again(&self) {
        self.surroundings.kept.forget_refusals();
    }

    /// Temporary credentials that are good for a while yet.
    pub async fn credentials(&self) -> Result<Credentials, Arc<CallError>> {
        self.credentials_of(None, None).await
    }

    /// Like [`Gateway::credentials`], of another role alias of the configuration: one that a client has. No
    /// job gets those. `rejected` is the access key id of credentials that are to be replaced.
    pub async fn credentials_of(
        &self,
        alias: Option<&RoleAlias>,
        rejected: Option<&str>,
    ) -> Result<Credentials, Arc<CallError>> {
        let role = match alias {
            Some(alias) => {
                Role::of(&self.config, alias).map_err(|unknown| Arc::new(unknown.into()))?
            }
            None => Role::main(&self.config),
        };
        self.services_of(self.settled(), role, Arc::new(Unobserved))
            .vault_credentials(rejected)
            .await
    }

    /// Whether [`Gateway::credentials_of`] this alias may be asked for; otherwise, why not.
    pub fn knows(&self, alias: Option<&RoleAlias>) -> Result<(), UnknownRole> {
        alias.map_or(Ok(()), |alias| Role::of(&self.config, alias).map(drop))
    }

    /// Puts an event into the audit log. Blocks until it is on disk.
    pub fn record(&self, event: &Event) -> Result<(), AuditError> {
        self.surroundings.kept.record(event, self.now())
    }

    /// Uploads one object; when this returns without an error, S3 has all of it.
    pub async fn upload(
        &self,
        upload: Upload,
        observer: Arc<dyn Observer>,
    ) -> Result<Outcome, CallError> {
        self.upload_on(&self.settled(), upload, 0, observer).await
    }

    /// Like [`Gateway::upload`], on a component of one's choice. Under a rate limit, the bytes of an upload go before
    /// those of less urgent ones.
    pub async fn upload_on(
        &self,
        plugin: &Plugin,
        upload: Upload,
        urgency: u8,
        observer: Arc<dyn Observer>,
    ) -> Result<Outcome, CallError> {
        let s3 = self
            .config
            .s3()
            .map_err(|error| CallError::NoStore(Box::new(error)))?;
        let mut options = Options::from(location::options(s3));
        let journal = self.journal(&upload, s3);
        let time = deadline(&upload.options);
        options.extend(upload.options);
        let job = Job {
            journal,
            target: location::target(s3, &upload.bucket, &upload.key),
            // The first is no more work than a whole object.
            parts: parts(upload.source.len().unwrap_or(0)).saturating_sub(1),
            time,
            urgency,
            bytes_out: self.bytes_out(&upload.source),
            bytes_out_per_acquired: self.config.sandbox.bytes_out.map_or(SENDS, |_| 0),
            bucket: upload.bucket,
            key: upload.key,
            location: location::location(s3),
            options,
            provider: location::provider(&self.config),
            payload: upload.source,
        };
        let services = self.services_of(plugin.clone(), Role::main(&self.config), observer);
        let outcome = plugin
            .component
            .upload(&plugin.network, Arc::clone(&services) as _, job)
            .await;
        services.explained(outcome)
    }

    /// The multipart uploads under `prefix` of a bucket that were begun and neither completed nor
    /// aborted; at most [`MOST_UNFINISHED`].
    pub async fn unfinished(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<Unfinished>, CallError> {
        let place = self.place(bucket, prefix)?;
        let services = self.services();
        let Plugin {
            component, network, ..
        } = &services.plugin;
        let found = component
            .list_unfinished(network, Arc::clone(&services) as _, place)
            .await;
        services.explained(found)
    }

    /// Aborts one of them. Its parts are gone afterwards, and an upload that is still under way fails.
    pub async fn abort(&self, bucket: &str, unfinished: Unfinished) -> Result<(), CallError> {
        let place = self.place(bucket, &unfinished.key)?;
        let services = self.services();
        let Plugin {
            component, network, ..
        } = &services.plugin;
        let aborted = component
            .abort(network, Arc::clone(&services) as _, place, unfinished)
            .await;
        services.explained(aborted)
    }

    /// The time by AWS's clock, as far as it is known from its answers.
    pub fn now(&self) -> SystemTime {
        self.surroundings.kept.now()
    }

    /// Whether [`Gateway::now`] is what an authenticated answer told this process.
    pub fn clock_is_authentic(&self) -> bool {
        self.surroundings.kept.clock_is_authentic()
    }

    /// How many seconds this device's clock is behind AWS's, where that is corrected; negative if it
    /// is ahead.
    pub fn clock_behind_seconds(&self) -> Option<i64> {
        self.surroundings.kept.behind_seconds()
    }

    fn place(&self, bucket: &str, prefix: &str) -> Result<Place, CallError> {
        let s3 = self
            .config
            .s3()
            .map_err(|error| CallError::NoStore(Box::new(error)))?;
        Ok(Place {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            location: location::location(s3),
            provider: location::provider(&self.config),
        })
    }

    fn journal(&self, upload: &Upload, s3: &S3) -> JobJournal {
        let thing_name = self.config.device.thing_name.as_ref();
        let place = sealift_state::Place {
            endpoint: &location::endpoint(s3),
            bucket: &upload.bucket,
            key: &upload.key,
            thing: thing_name.map_or("", |name| name.as_str()),
        };
        self.surroundings.kept.journal(&upload.source, place)
    }

    fn services(&self) -> Arc<JobServices> {
        self.services_of(
            self.settled(),
            Role::main(&self.config),
            Arc::new(Unobserved),
        )
    }

    fn services_of(
        &self,
        plugin: Plugin,
        role: Role,
        observer: Arc<dyn Observer>,
    ) -> Arc<JobServices> {
        Arc::new(JobServices {
            plugin,
            role,
            thing_name: self
                .config
                .device
                .thing_name
                .as_ref()
                .map(ToString::to_string),
            surroundings: Arc::clone(&self.surroundings),
            observer,
            credentials_failure: Mutex::default(),
            fetches: Fetches::default(),
            retries: Retries::new(Arc::clone(&self.surroundings.quota)),
        })
    }

    /// At the beginning: what is acquired of a stream comes on top.
    fn bytes_out(&self, source: &Payload) -> u64 {
        let configured = self.config.sandbox.bytes_out;
        configured.map_or_else(
            || bytes_out(source.len().unwrap_or(0)),
            sealift_config::ByteSize::bytes,
        )
    }
}

/// What the upload of so many bytes may send: all of them several times, in the smallest parts that
/// there are.
fn bytes_out(length: u64) -> u64 {
    length
        .saturating_mul(SENDS)
        .saturating_add(parts(length).saturating_mul(PART_OVERHEAD))
        .saturating_add(OWN_BYTES)
}

/// The most parts of so many bytes.
fn parts(length: u64) -> u64 {
    length.div_ceil(SMALLEST_PART)
}

/// How long the upload may take in all, where its options say so.
fn deadline(options: &Options) -> Option<Duration> {
    let setting = options.iter().find(|setting| setting.name == "deadline")?;
    let seconds: u32 = setting.value.parse().ok()?;
    Some(Duration::from_secs(seconds.into()))
}
