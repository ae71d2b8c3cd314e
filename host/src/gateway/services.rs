//! What a gateway lends to the instance of one job.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sealift_keystore::IdentityStore;
use sealift_network::Network;
use sealift_payload::Sending;

use crate::sandbox::{
    Answer, Answered, CallError, Component, Credentials, DeviceIdentity, Directive, ErrorKind,
    KeyAlgorithm, Provider, Services, Step,
};
use crate::vault::Vault;

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
    pub(super) identity: Arc<IdentityStore>,
    pub(super) vault: Vault,
}

/// The services of one job.
pub(super) struct JobServices {
    pub(super) component: Component,
    pub(super) provider: Provider,
    pub(super) thing_name: Option<String>,
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) credentials_failure: Mutex<Option<Arc<CallError>>>,
    pub(super) fetches: AtomicU32,
}

/// Fetches of credentials that one job may cause: for a first set, for one that ran out on the way,
/// and some for bad links. What wants more burns a data plan.
const MOST_FETCHES: u32 = 8;

impl JobServices {
    /// Credentials of the job's provider, fetched if need be by a fresh instance of the job's own component.
    pub(super) async fn vault_credentials(
        &self,
        rejected: Option<&str>,
    ) -> Result<Credentials, Arc<CallError>> {
        let digest = self.component.digest();
        let vault = &self.surroundings.vault;
        if self.fetches.load(Ordering::Relaxed) >= MOST_FETCHES {
            let message =
                format!("{MOST_FETCHES} fetches of credentials did not bring this job to its end");
            let refusal = CallError::refused(Answer::new(ErrorKind::Unavailable, message));
            let held = vault.held(digest, &self.provider, rejected, self.now());
            return held.ok_or_else(|| Arc::new(refusal));
        }
        let fetch = async || {
            self.fetches.fetch_add(1, Ordering::Relaxed);
            let inside = Arc::new(InsideFetch {
                identity: self.device(),
            });
            self.component
                .fetch_credentials(&self.surroundings.network, inside, self.provider.clone())
                .await
        };
        vault
            .credentials(digest, &self.provider, rejected, SystemTime::now, fetch)
            .await
    }

    /// Why the job's latest request for credentials failed, if it did.
    pub(super) fn credentials_failure(&self) -> Option<Arc<CallError>> {
        self.failure().clone()
    }

    fn failure(&self) -> MutexGuard<'_, Option<Arc<CallError>>> {
        self.credentials_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn device(&self) -> Answered<DeviceIdentity> {
        let identity = self.surroundings.identity.current(self.now());
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
        SystemTime::now()
    }

    fn identity(&self) -> Answered<DeviceIdentity> {
        self.device()
    }

    fn credentials(
        &self,
        provider: Provider,
        rejected: Option<String>,
    ) -> Pin<Box<dyn Future<Output = Answered<Credentials>> + Send + '_>> {
        Box::pin(async move {
            if provider != self.provider {
                let message = "credentials of this provider are not for this job";
                return Err(Answer::new(ErrorKind::Denied, message));
            }
            let outcome = self.vault_credentials(rejected.as_deref()).await;
            *self.failure() = outcome.as_ref().err().cloned();
            outcome.map_err(|error| passed_on(&error))
        })
    }

    fn step(&self, step: Step) -> Directive {
        self.observer.step(&step)
    }

    fn sending(&self, range: Range<u64>, sending: &Sending) {
        self.observer.sending(range, sending);
    }
}

/// The services of an instance that fetches credentials: it can see who the device is, and
/// cannot ask the vault that waits for it.
struct InsideFetch {
    identity: Answered<DeviceIdentity>,
}

impl Services for InsideFetch {
    fn now(&self) -> SystemTime {
        SystemTime::now()
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

    fn step(&self, _step: Step) -> Directive {
        Directive::GoOn
    }

    fn sending(&self, _range: Range<u64>, _sending: &Sending) {}
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
