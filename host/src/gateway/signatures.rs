//! Signatures by the device's key that components ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sealift_keystore::{Identity, SignError};
use sealift_state::{AuditError, Event};

use super::services::Surroundings;
use crate::report;
use crate::sandbox::{Answer, Answered, Digest, ErrorKind, Purpose};

/// Signatures that one call of a component gets: for one session, and for another when the clock was
/// set right by the answer to the first. A refusal counts as well.
const MOST: u32 = 4;

/// What one instance may have signed, and how much of that it did.
pub(super) struct Signatures {
    surroundings: Arc<Surroundings>,
    component: Digest,
    asked: AtomicU32,
    /// Whether the instance fetches credentials; nothing else needs a signature.
    fetching: bool,
}

impl Signatures {
    pub(super) fn new(surroundings: Arc<Surroundings>, component: Digest, fetching: bool) -> Self {
        Self {
            surroundings,
            component,
            asked: AtomicU32::new(0),
            fetching,
        }
    }

    /// A signature over `message`, if it has the form of its purpose. What is signed and what is not is in the
    /// audit log before anybody has a signature.
    pub(super) async fn sign(&self, purpose: Purpose, message: Vec<u8>) -> Answered<Vec<u8>> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= MOST {
            let message = format!("a component is given {MOST} signatures in a call, and had them");
            return Err(Answer::new(ErrorKind::Denied, message));
        }
        let refusal = self.refusal(purpose, &message);
        let surroundings = Arc::clone(&self.surroundings);
        let component = self.component;
        // Both the log and the key may take a while.
        let signed = tokio::task::spawn_blocking(move || {
            let identity = surroundings.identity();
            let event = event(purpose, component, &identity, refusal.as_deref());
            let recorded = surroundings.kept.record(&event);
            match refusal {
                Some(refusal) => Err(Answer::new(ErrorKind::Denied, refusal)),
                None => recorded
                    .map_err(|error| unrecorded(&error))
                    .and_then(|()| by_key(&identity, &message)),
            }
        });
        signed
            .await
            .unwrap_or_else(|_| Err(Answer::new(ErrorKind::Internal, "a signature was given up")))
    }

    /// Why this message is not signed.
    fn refusal(&self, purpose: Purpose, message: &[u8]) -> Option<String> {
        let Purpose::RolesAnywhere = purpose;
        if !self.fetching {
            return Some("the device's key signs only where credentials are fetched".to_owned());
        }
        let Some(signing) = &self.surroundings.signing else {
            let grant = "the configuration grants components no signature by the device's key";
            return Some(grant.to_owned());
        };
        let algorithm = self.surroundings.identity().key().algorithm();
        let now = self.surroundings.kept.now();
        let fit = signing.check(message, algorithm, now);
        fit.err()
            .map(|unfit| format!("the device's key does not sign this: {unfit}"))
    }
}

fn by_key(identity: &Identity, message: &[u8]) -> Answered<Vec<u8>> {
    identity.key().sign_sha256(message).map_err(|error| {
        let kind = match error {
            SignError::Scheme { .. } | SignError::Sha256 { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Unavailable,
        };
        Answer::new(kind, report::chain(&error))
    })
}

fn unrecorded(error: &AuditError) -> Answer {
    let message = format!(
        "no signature without a record of it: {}",
        report::chain(error)
    );
    Answer::new(ErrorKind::Unavailable, message)
}

fn event(purpose: Purpose, component: Digest, identity: &Identity, refused: Option<&str>) -> Event {
    let Purpose::RolesAnywhere = purpose;
    Event::Signature {
        purpose: "roles-anywhere".to_owned(),
        component: component.to_string(),
        certificate: identity.chain().leaf().fingerprint().to_string(),
        refused: refused.map(str::to_owned),
    }
}
