//! What goes into the audit log.

use sealift_release::{Conclusion, Outcome, Refusal, Release};
use sealift_state::{ComponentChange, ComponentFate, Event};

/// A component is on trial, and may send requests where it asked to.
pub(super) fn on_trial(release: &Release) -> Event {
    let origins = &release.manifest.origins;
    Event::Component(ComponentChange {
        change: ComponentFate::OnTrial,
        version: Some(release.version().to_string()),
        digest: Some(release.digest.to_string()),
        origins: origins.iter().map(ToString::to_string).collect(),
        reason: None,
    })
}

/// How a release fared.
pub(super) fn concluded(conclusion: &Conclusion) -> Event {
    let (change, reason) = match &conclusion.outcome {
        Outcome::Committed => (ComponentFate::Committed, None),
        failed => (ComponentFate::Failed, Some(failed.to_string())),
    };
    Event::Component(ComponentChange {
        change,
        version: Some(conclusion.version.to_string()),
        digest: Some(conclusion.digest.to_string()),
        origins: Vec::new(),
        reason,
    })
}

/// A release asks for more than it is granted.
pub(super) fn refused(refusal: &Refusal) -> Event {
    Event::Component(ComponentChange {
        change: ComponentFate::Refused,
        version: None,
        digest: None,
        origins: Vec::new(),
        reason: Some(refusal.to_string()),
    })
}
