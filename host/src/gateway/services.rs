//! What a gateway lends to the instance of one job.

use std::error::Error;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use sealift_keystore::{Identity, IdentityStore, RolesAnywhere};
use sealift_network::{BoxError, CurrentIdentity, IdentitySource, Network, Reach};
use sealift_payload::Sending;
use sealift_state::Hints;

use super::fetches::Fetches;
use super::kept::Kept;
use super::plugin::Plugin;
use super::quota::{Quota, Retries};
use super::refused::Refused;
use super::roles::Role;
use super::signatures::{self, Signatures};
use crate::sandbox::{
    Answer, Answered, CallError, Credentials, DeviceIdentity, Directive, ErrorKind, Exchange,
    Failure, KeyAlgorithm, NoRetryLeft, Provider, Purpose, Services, Step,
};
use crate::vault::{Moment, Vault};

/// Whoever wants to see how a job goes.
pub trait Observer: Send + Sync {
    /// This range of the job's bytes is on its way; again for each attempt.
    fn sending(&self, _range: Range<u64>, _sending: &Sending) {}

    /// The job reached a step. The answer says whether it should go on.
    fn step(&self, _step: &Step) -> Directive {
        Directive::GoOn
    }
}

/// Nobody looks.
#[derive(Debug)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// What all jobs of a gateway share.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) network: Network,
    pub(super) identity: Arc<Device>,
    pub(super) vault: Vault,
    pub(super) kept: Arc<Kept>,
    pub(super) quota: Arc<Quota>,
    /// What the key signs for components that fetch credentials.
    pub(super) signing: Option<RolesAnywhere>,
    /// Signatures that components were refused.
    pub(super) refused_signatures: AtomicU32,
}

impl Surroundings {
    fn now(&self) -> Moment {
        Moment {
            wall: self.kept.now(),
            monotonic: Instant::now(),
            identity: self
                .identity
                .current()
                .map_or(0, |identity| identity.generation),
        }
    }

    /// The identity in force.
    pub(super) fn identity(&self) -> Arc<Identity> {
        self.identity.store.current(self.kept.now())
    }

    /// Learns from an answer.
    fn answered(&self, exchange: &Exchange<'_>, retries: &Retries) {
        self.kept.observe(exchange);
        if exchange.status.is_success() {
            retries.success();
        }
    }
}

/// The device's identity, judged by the corrected clock.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) store: IdentityStore,
    pub(super) kept: Arc<Kept>,
}

impl IdentitySource for Device {
    fn current(&self) -> Result<CurrentIdentity, BoxError> {
        let identity = self.store.current(self.kept.now());
        Ok(CurrentIdentity {
            generation: identity.generation(),
            resolver: identity.resolver(),
            slow: identity.key().is_slow(),
        })
    }
}

/// The services of one job.
pub(super) struct JobServices {
    pub(super) plugin: Plugin,
    pub(super) role: Role,
    pub(super) thing_name: Option<String>,
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) credentials_failure: Mutex<Option<Arc<CallError>>>,
    pub(super) fetches: Fetches,
    pub(super) retries: Retries,
}

impl JobServices {
    /// Credentials of the job's provider, fetched if need be by a fresh instance of the job's own component.
    pub(super) async fn vault_credentials(
        &self,
        rejected: Option<&str>,
    ) -> Result<Credentials, Arc<CallError>> {
        let digest = self.plugin.component.digest();
        let vault = &self.surroundings.vault;
        let early = rejected.is_some();
        if let Err(none_left) = self.fetches.allow(early) {
            let answer = Answer::new(ErrorKind::Unavailable, none_left.to_string());
            let refusal = CallError::refused(answer);
            let held = vault.held(digest, &self.role.provider, rejected, self.now());
            return held.ok_or_else(|| Arc::new(refusal));
        }
        let fetch = async || {
            let refused = self.refused();
            if let Some(error) = refused.standing().await {
                return Err(error);
            }
            self.fetches.count(early);
            let identity = self.surroundings.identity();
            let inside = Arc::new(InsideFetch {
                identity: self.shown(&identity),
                hints: self.hints_of_fetch(),
                retries: Retries::new(Arc::clone(&self.surroundings.quota)),
                signatures: Signatures::new(Arc::clone(&self.surroundings), identity, digest),
                surroundings: Arc::clone(&self.surroundings),
            });
            let Plugin {
                component, network, ..
            } = &self.plugin;
            let outcome = component
                .fetch_credentials(network, inside, self.role.provider.clone(), self.role.reach)
                .await;
            if let Err(error) = &outcome {
                refused.remember(error).await;
            }
            outcome
        };
        let now = || self.surroundings.now();
        vault
            .credentials(digest, &self.role.provider, rejected, now, fetch)
            .await
    }

    /// What an instance that fetches may remember. Where it sees credentials that no job may have, that is
    /// nothing that a job could read.
    fn hints_of_fetch(&self) -> Arc<Mutex<Hints>> {
        match self.role.reach {
            Reach::Only(_) => Arc::new(Mutex::new(Hints::unkept())),
            Reach::With(_) | Reach::Ordinary => self.hints(),
        }
    }

    /// What the device may be refused by the job's provider.
    fn refused(&self) -> Refused {
        let Surroundings { identity, kept, .. } = &*self.surroundings;
        let identity = identity.store.current(kept.now());
        let chain = identity.chain().der();
        let certificate = chain.first().map_or(&[][..], |certificate| certificate);
        Refused::of(
            certificate,
            self.plugin.component.digest(),
            &self.role.provider,
            kept,
        )
    }

    /// The outcome with its reason: a component that got no credentials only passes on that there were
    /// none; we know why.
    pub(super) fn explained<T>(&self, outcome: Result<T, CallError>) -> Result<T, CallError> {
        match (outcome, self.failure().clone()) {
            (Err(CallError::Answered { .. }), Some(failure)) => {
                Err(CallError::NoCredentials(failure))
            }
            (outcome, _) => outcome,
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<Arc<CallError>>> {
        self.credentials_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(&self, identity: &Identity) -> Answered<DeviceIdentity> {
        Ok(DeviceIdentity {
            thing_name: self.thing_name.clone(),
            algorithm: algorithm(identity.key().algorithm())?,
            certificate_chain: identity
                .chain()
                .der()
                .iter()
                .map(|certificate| certificate.to_vec())
                .collect(),
        })
    }
}

impl Services for JobServices {
    fn now(&self) -> SystemTime {
        self.surroundings.kept.now()
    }

    fn identity(&self) -> Answered<DeviceIdentity> {
        self.shown(&self.surroundings.identity())
    }

    fn credentials(
        &self,
        provider: Provider,
        rejected: Option<String>,
    ) -> Pin<Box<dyn Future<Output = Answered<Credentials>> + Send + '_>> {
        Box::pin(async move {
            if provider != self.role.provider {
                let message = "credentials of this provider are not for this job";
                return Err(Answer::new(ErrorKind::Denied, message));
            }
            let outcome = self.vault_credentials(rejected.as_deref()).await;
            *self.failure() = outcome.as_ref().err().cloned();
            outcome.map_err(|error| passed_on(&error))
        })
    }

    fn sign(
        &self,
        _purpose: Purpose,
        _message: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Answered<Vec<u8>>> + Send + '_>> {
        Box::pin(std::future::ready(Err(signatures::not_fetching())))
    }

    fn hints(&self) -> Arc<Mutex<Hints>> {
        self.surroundings.kept.hints(self.plugin.component.digest())
    }

    fn step(&self, step: Step) -> Directive {
        self.observer.step(&step)
    }

    fn retry(&self, failure: Failure) -> Result<(), NoRetryLeft> {
        self.retries.retry(failure)
    }

    fn sending(&self, range: Range<u64>, sending: &Sending) {
        self.observer.sending(range, sending);
    }

    fn answered(&self, exchange: &Exchange<'_>) {
        if exchange.delivered {
            self.fetches.progressed();
        }
        self.surroundings.answered(exchange, &self.retries);
    }

    fn unkept(&self, error: &dyn Error) {
        self.surroundings.kept.tell(error);
    }
}

/// The services of an instance that fetches credentials: it can see who the device is, and
/// cannot ask the vault that waits for it.
struct InsideFetch {
    identity: Answered<DeviceIdentity>,
    hints: Arc<Mutex<Hints>>,
    retries: Retries,
    signatures: Signatures,
    surroundings: Arc<Surroundings>,
}

impl Services for InsideFetch {
    fn now(&self) -> SystemTime {
        self.surroundings.kept.now()
    }

    fn identity(&self) -> Answered<DeviceIdentity> {
        self.identity.clone()
    }

    fn credentials(
        &self,
        _provider: Provider,
        _rejected: Option<String>,
    ) -> Pin<Box<dyn Future<Output = Answered<Credentials>> + Send + '_>> {
        let message = "there are no credentials while credentials are being fetched";
        Box::pin(std::future::ready(Err(Answer::new(
            ErrorKind::Unavailable,
            message,
        ))))
    }

    fn sign(
        &self,
        purpose: Purpose,
        message: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Answered<Vec<u8>>> + Send + '_>> {
        Box::pin(self.signatures.sign(purpose, message))
    }

    fn hints(&self) -> Arc<Mutex<Hints>> {
        Arc::clone(&self.hints)
    }

    fn step(&self, _step: Step) -> Directive {
        Directive::GoOn
    }

    fn retry(&self, failure: Failure) -> Result<(), NoRetryLeft> {
        self.retries.retry(failure)
    }

    fn sending(&self, _range: Range<u64>, _sending: &Sending) {}

    fn answered(&self, exchange: &Exchange<'_>) {
        self.surroundings.answered(exchange, &self.retries);
    }

    fn unkept(&self, error: &dyn Error) {
        self.surroundings.kept.tell(error);
    }
}

/// A failed fetch, as the component that asked for credentials learns of it.
fn passed_on(error: &CallError) -> Answer {
    match error {
        CallError::Answered { answer, .. } => Answer::clone(answer),
        other => Answer::new(other.kind(), other.to_string()),
    }
}

fn algorithm(algorithm: sealift_keystore::KeyAlgorithm) -> Answered<KeyAlgorithm> {
    Ok(match algorithm {
        sealift_keystore::KeyAlgorithm::Rsa { .. } => KeyAlgorithm::Rsa,
        sealift_keystore::KeyAlgorithm::EcdsaP256 => KeyAlgorithm::EcdsaP256,
        sealift_keystore::KeyAlgorithm::EcdsaP384 => KeyAlgorithm::EcdsaP384,
        sealift_keystore::KeyAlgorithm::EcdsaP521 => KeyAlgorithm::EcdsaP521,
        sealift_keystore::KeyAlgorithm::Ed25519 => KeyAlgorithm::Ed25519,
        other => {
            let message = format!("the contract has no word for {other} keys");
            return Err(Answer::new(ErrorKind::Unsupported, message));
        }
    })
}
