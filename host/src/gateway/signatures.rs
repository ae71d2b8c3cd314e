//! Signatures by the device's key that components ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use sealift_keystore::{Identity, RolesAnywhere, SignError};
use sealift_state::{AuditError, Event};

use super::services::Surroundings;
use crate::report;
use crate::sandbox::{Answer, Answered, Digest, ErrorKind, Purpose};

/// Signatures that one fetch of credentials gets: for a session, and for another when the clock was
/// set right by the answer to the first.
const MOST: u32 = 2;

/// Refusals that a process puts on record. A component that asks for nothing else would otherwise fill the
/// log, and push out of it what was signed.
const MOST_REFUSALS: u32 = 100;

/// What one instance that fetches credentials may have signed, and how much of that it did.
pub(super) struct Signatures {
    surroundings: Arc<Surroundings>,
    /// The same for all that the instance sees of the device.
    identity: Arc<Identity>,
    component: Digest,
    asked: AtomicU32,
}

impl Signatures {
    pub(super) fn new(
        surroundings: Arc<Surroundings>,
        identity: Arc<Identity>,
        component: Digest,
    ) -> Self {
        Self {
            surroundings,
            identity,
            component,
            asked: AtomicU32::new(0),
        }
    }

    /// A signature, if the message is about the request of its purpose. That it was asked for is in the
    /// audit log before anybody has it. After a refusal there is no other answer.
    pub(super) async fn sign(&self, purpose: Purpose, message: Vec<u8>) -> Answered<Vec<u8>> {
        let Purpose::RolesAnywhere = purpose;
        let Some(signing) = self.surroundings.signing.clone() else {
            return Err(denied("the device's key signs for no component here"));
        };
        if self.asked.fetch_add(1, Ordering::Relaxed) >= MOST {
            let message =
                format!("a component has {MOST} signatures in a call, and none after a refusal");
            return Err(denied(message));
        }
        let ask = Ask {
            surroundings: Arc::clone(&self.surroundings),
            identity: Arc::clone(&self.identity),
            component: self.component,
            signing,
        };
        // Both the log and the key may take a while.
        let answer = tokio::task::spawn_blocking(move || ask.answer(&message));
        let answer = answer
            .await
            .unwrap_or_else(|_| Err(Answer::new(ErrorKind::Internal, "a signature was given up")));
        if answer.is_err() {
            self.asked.store(MOST, Ordering::Relaxed);
        }
        answer
    }
}

/// The answer where no credentials are fetched.
pub(super) fn not_fetching() -> Answer {
    denied("the device's key signs only where credentials are fetched")
}

struct Ask {
    surroundings: Arc<Surroundings>,
    identity: Arc<Identity>,
    component: Digest,
    signing: RolesAnywhere,
}

impl Ask {
    fn answer(&self, message: &[u8]) -> Answered<Vec<u8>> {
        let key = self.identity.key();
        let leaf = self.identity.chain().leaf();
        let now = self.surroundings.kept.now();
        match self.signing.check(message, key.algorithm(), leaf, now) {
            Ok(string) => {
                self.record(None).map_err(|error| unrecorded(&error))?;
                key.sign_sha256(string).map_err(|error| unsigned(&error))
            }
            Err(unfit) => {
                let refusal = format!("the device's key does not sign this: {unfit}");
                self.record_refusal(&refusal);
                Err(denied(refusal))
            }
        }
    }

    fn record(&self, refused: Option<&str>) -> Result<(), AuditError> {
        let event = Event::Signature {
            purpose: "roles-anywhere".to_owned(),
            component: self.component.to_string(),
            certificate: self.identity.chain().leaf().fingerprint().to_string(),
            refused: refused.map(str::to_owned),
        };
        // By the device's own clock: answers from elsewhere can move the other one.
        self.surroundings.kept.record(&event, SystemTime::now())
    }

    fn record_refusal(&self, refusal: &str) {
        let component = self.component;
        tracing::warn!(%component, refusal, "a component asked for a signature that it may not have");
        let refusals = &self.surroundings.refused_signatures;
        if refusals.fetch_add(1, Ordering::Relaxed) >= MOST_REFUSALS {
            refusals.store(MOST_REFUSALS, Ordering::Relaxed);
        } else if let Err(error) = self.record(Some(refusal)) {
            tracing::warn!(error = %report::chain(&error), "the refusal is not on record");
        }
    }
}

fn denied(message: impl Into<String>) -> Answer {
    Answer::new(ErrorKind::Denied, message)
}

fn unsigned(error: &SignError) -> Answer {
    let kind = match error {
        SignError::Scheme { .. } | SignError::Sha256 { .. } => ErrorKind::Unsupported,
        _ => ErrorKind::Unavailable,
    };
    Answer::new(kind, report::chain(error))
}

fn unrecorded(error: &AuditError) -> Answer {
    let message = format!(
        "no signature without a record of it: {}",
        report::chain(error)
    );
    Answer::new(ErrorKind::Unavailable, message)
}
