//! Credentials that an earlier process was refused a little while ago.

use std::sync::Arc;

use sealift_state::{Refusal, RefusalKind, Standing, Subject};

use super::kept::Kept;
use crate::sandbox::{Answer, CallError, Digest, ErrorKind, Provider};
use crate::vault;

/// What a device is refused, and by whom.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    subject: Subject,
    kept: Arc<Kept>,
}

impl Refused {
    /// What the holder of `certificate` (DER) is refused by a provider, asked by a component.
    pub(super) fn of(
        certificate: &[u8],
        component: Digest,
        provider: &Provider,
        kept: &Arc<Kept>,
    ) -> Self {
        let component = component.to_string();
        let settings = provider.settings.iter();
        let settings = settings.flat_map(|setting| [&setting.name, &setting.value]);
        let texts = [&component, &provider.name].into_iter().chain(settings);
        let parts = texts.map(String::as_bytes);
        Self {
            subject: Subject::new(std::iter::once(certificate).chain(parts)),
            kept: Arc::clone(kept),
        }
    }

    /// The refusal, if it still holds: as an error of the fetch that would meet with it again.
    pub(super) async fn standing(&self) -> Option<CallError> {
        let refused = self.clone();
        let look = move || refused.kept.refused(&refused.subject);
        let standing = tokio::task::spawn_blocking(look).await.ok().flatten();
        standing.map(|standing| CallError::refused(answer(standing)))
    }

    /// Remembers why a fetch failed, if only somebody's hand can change that.
    pub(super) async fn remember(&self, error: &CallError) {
        let Some(refusal) = refusal(error) else {
            return;
        };
        let refused = self.clone();
        let keep = move || {
            refused
                .kept
                .refuse(&refused.subject, refusal, vault::REFUSED);
        };
        if let Err(error) = tokio::task::spawn_blocking(keep).await {
            tracing::debug!(%error, "a refusal is not kept");
        }
    }
}

fn refusal(error: &CallError) -> Option<Refusal> {
    // What the network saw is another matter: the service said nothing.
    let CallError::Answered {
        answer,
        cause: None,
    } = error
    else {
        return None;
    };
    Some(Refusal {
        kind: match answer.kind {
            ErrorKind::Denied => RefusalKind::Denied,
            ErrorKind::NotFound => RefusalKind::NotFound,
            ErrorKind::InvalidInput => RefusalKind::InvalidInput,
            _ => return None,
        },
        message: answer.message.clone(),
        cure: answer.cure.clone(),
        status: answer.status,
        request_id: answer.request_id.clone(),
    })
}

fn answer(standing: Standing) -> Answer {
    let Standing { refusal, age, left } = standing;
    let kind = match refusal.kind {
        RefusalKind::Denied => ErrorKind::Denied,
        RefusalKind::NotFound => ErrorKind::NotFound,
        RefusalKind::InvalidInput => ErrorKind::InvalidInput,
    };
    let (ago, left) = (age.as_secs(), left.as_secs());
    let message = format!(
        "{} (so it was {ago} s ago; it is asked for again in {left} s)",
        refusal.message
    );
    Answer {
        cure: refusal.cure,
        status: refusal.status,
        request_id: refusal.request_id,
        ..Answer::new(kind, message)
    }
}
