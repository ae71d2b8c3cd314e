//! A running local cloud.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::info;

use crate::authority::Authority;
use crate::clock::Clock;
use crate::context::Context;
use crate::counters::{Counters, Counts};
use crate::directory::{Directory, Exports, Paths};
use crate::error::Error;
use crate::faults::{Fault, Faulty, Plan};
use crate::fingerprint::Fingerprint;
use crate::issued::Issued;
use crate::jobs::Jobs;
use crate::listener::Listener;
use crate::provider::Provider;
use crate::registry::{Registry, RoleAlias};
use crate::roles_anywhere::{Account, RolesAnywhere, Sessions};
use crate::s3::{Frontend, Policy};
use crate::settings::{ClockOffset, Settings};
use crate::{DEFAULT_BUCKET, ROLE_ALIAS, THING_NAME, tls};

/// Starts a local cloud; its listeners accept connections when this returns.
///
/// Must be called inside a tokio runtime with its I/O and time drivers enabled.
/// It makes keys and reads files before anything is served, which keeps the
/// calling thread busy for a fraction of a second.
pub async fn start(settings: Settings) -> Result<LocalCloud, Error> {
    let directory = Directory::open(&settings.dir)?;
    let clock = Clock::new(settings.clock_offset);
    let context = Arc::new(Context {
        clock: clock.clone(),
        registry: registry(&settings, Fingerprint::of(directory.device())),
        issued: Issued::new(settings.session_token_bytes),
        counters: Counters::default(),
        faults: Plan::new(settings.faults.clone()),
    });
    let first = settings.buckets.first();
    let first = first.map_or(DEFAULT_BUCKET, |bucket| bucket.name.as_str());
    let provider = Provider::new(Arc::clone(&context));
    let account = Account::new(settings.roles_anywhere, settings.credential_ttl);
    let account = Arc::new(account);
    let anchor = tls::trust_anchor(directory.authority())?;
    let sessions = Sessions::new(Arc::clone(&context), Arc::clone(&account), anchor);
    let jobs = Jobs::open(&directory.paths().jobs, Arc::clone(&context))?;
    let policy = Policy::new(settings.allow);
    let s3 = Frontend::open(
        directory.root(),
        &settings.buckets,
        policy,
        Arc::clone(&context),
    )?;

    let (authority, listen) = (directory.authority(), settings.listen);
    let provider_tls = tls::provider(authority, listen, clock.clone())?;
    let sessions_tls = tls::roles_anywhere(authority, listen, clock.clone())?;
    let jobs_tls = tls::jobs(authority, listen, clock.clone())?;
    let s3_tls = tls::s3(authority, listen, clock, &s3.bucket_names())?;
    let provider_listener = Listener::bind(listen).await?;
    let sessions_listener = Listener::bind(listen).await?;
    let jobs_listener = Listener::bind(listen).await?;
    let s3_listener = Listener::bind(listen).await?;
    let credentials_endpoint = provider_listener.endpoint();
    let roles_anywhere_endpoint = sessions_listener.endpoint();
    let jobs_endpoint = jobs_listener.endpoint();
    let s3_endpoint = format!("https://{}", s3_listener.endpoint());
    directory.export(&Exports {
        credentials_endpoint: &credentials_endpoint,
        roles_anywhere_endpoint: &roles_anywhere_endpoint,
        jobs_endpoint: &jobs_endpoint,
        s3_endpoint: &s3_endpoint,
        bucket: first,
    })?;

    let provider = Faulty::new(provider, Arc::clone(&context));
    let sessions = Faulty::new(sessions, Arc::clone(&context));
    let jobs = Faulty::new(jobs, Arc::clone(&context));
    let s3 = Faulty::new(s3, Arc::clone(&context));
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(provider_listener.serve(provider_tls, Arc::new(provider), stopped.clone()));
    tasks.spawn(sessions_listener.serve(sessions_tls, Arc::new(sessions), stopped.clone()));
    tasks.spawn(jobs_listener.serve(jobs_tls, Arc::new(jobs), stopped.clone()));
    tasks.spawn(s3_listener.serve(s3_tls, Arc::new(s3), stopped));
    info!(
        credentials_endpoint,
        roles_anywhere_endpoint, jobs_endpoint, s3_endpoint, "local cloud ready"
    );
    Ok(LocalCloud {
        tasks,
        stop,
        directory,
        context,
        account,
        credentials_endpoint,
        roles_anywhere_endpoint,
        jobs_endpoint,
        s3_endpoint,
    })
}

/// A running local cloud. Dropping it ends its connections at once and frees
/// its directory; [`shutdown`](Self::shutdown) lets requests finish first.
#[derive(Debug)]
pub struct LocalCloud {
    // Declared first, so that the tasks end before the directory is free again.
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    directory: Directory,
    context: Arc<Context>,
    account: Arc<Account>,
    credentials_endpoint: String,
    roles_anywhere_endpoint: String,
    jobs_endpoint: String,
    s3_endpoint: String,
}

impl LocalCloud {
    /// `HOST:PORT` of the credentials provider.
    pub fn credentials_endpoint(&self) -> &str {
        &self.credentials_endpoint
    }

    /// `HOST:PORT` of Roles Anywhere.
    pub fn roles_anywhere_endpoint(&self) -> &str {
        &self.roles_anywhere_endpoint
    }

    /// `HOST:PORT` of Jobs.
    pub fn jobs_endpoint(&self) -> &str {
        &self.jobs_endpoint
    }

    /// `https://HOST:PORT` of S3.
    pub fn s3_endpoint(&self) -> &str {
        &self.s3_endpoint
    }

    /// The files that were written for clients.
    pub fn paths(&self) -> &Paths {
        self.directory.paths()
    }

    /// The directory, absolute.
    pub fn dir(&self) -> &std::path::Path {
        self.directory.root()
    }

    /// Certificates, things, policies and role aliases; changes take effect at once.
    pub fn registry(&self) -> &Registry {
        &self.context.registry
    }

    /// Sets up Roles Anywhere and its role anew, which takes effect at once.
    pub fn set_roles_anywhere(&self, state: RolesAnywhere) {
        self.account.set(state);
    }

    /// The authority that signed every certificate here, to issue more.
    pub fn authority(&self) -> &Authority {
        self.directory.authority()
    }

    /// The certificate in `device.pem.crt`, as the registry knows it.
    pub fn device(&self) -> Fingerprint {
        Fingerprint::of(self.directory.device())
    }

    /// The clock that the cloud lives by.
    pub fn clock(&self) -> Clock {
        self.context.clock.clone()
    }

    /// Sets the clock, from this moment on, and with it the end of all credentials that were handed out.
    pub fn set_clock_offset(&self, offset: ClockOffset) {
        self.context.clock.set(offset);
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        self.context.counters.snapshot()
    }

    /// What happened so far; from here on everything is counted from zero.
    pub fn take_counts(&self) -> Counts {
        self.context.counters.take()
    }

    /// Puts other faults in place of those that were there, from the next
    /// request on. None ends them all.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.context.faults.set(faults);
    }

    /// Stops accepting, lets requests under way finish for a few seconds, and
    /// cuts off the rest.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The registry of a fresh account with one device, as the user's guide sets it up.
fn registry(settings: &Settings, device: Fingerprint) -> Registry {
    const DEFAULT_MAX_SESSION: Duration = Duration::from_hours(1);
    let registry = Registry::default();
    registry.register(device);
    registry.attach_thing(device, THING_NAME);
    registry.attach_policy(device, ROLE_ALIAS);
    registry.set_role_alias(
        ROLE_ALIAS,
        RoleAlias {
            duration: settings.credential_ttl,
            max_session_duration: settings.credential_ttl.max(DEFAULT_MAX_SESSION),
            assumable: true,
        },
    );
    registry
}
