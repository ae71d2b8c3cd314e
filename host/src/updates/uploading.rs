//! Jobs, some of which try out a component.

use std::sync::Arc;

use sealift_release::{Digest, Verdict};

use super::judgement::{Judgement, compare, counts, judge};
use super::releases::Releases;
use super::turn::Turn;
use crate::gateway::{Gateway, Observer, Upload};
use crate::sandbox::{CallError, Outcome};

/// What a job ended on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RanOn {
    /// On what is settled.
    Settled,
    /// On this component, which is on trial: for what cannot be taken back, its trial's end is to be waited for.
    Trial(Digest),
}

/// Uploads one object: on the component on trial, if there is one that lacks jobs, and otherwise on what is settled. A
/// job that fails on a component on trial is run on what is settled at once, so that no trial costs an upload; where
/// that could be anybody's fault, the trial's component is blamed only if the other one does better.
pub async fn upload(
    gateway: &Arc<Gateway>,
    releases: &Arc<Releases>,
    upload: Upload,
    urgency: u8,
    observer: Arc<dyn Observer>,
) -> (Result<Outcome, CallError>, RanOn) {
    let settled = async |upload, observer| {
        let plugin = gateway.settled();
        let outcome = gateway.upload_on(&plugin, upload, urgency, observer).await;
        if let Some(succeeded) = counts(&outcome) {
            releases.count(succeeded);
        }
        outcome
    };
    // A stream cannot be sent twice.
    let turn = match upload.source.len() {
        Some(_) if gateway.on_trial().is_some() && releases.doubts().may_try() => {
            Turn::take(releases, gateway).await
        }
        _ => None,
    };
    let Some(turn) = turn else {
        return (settled(upload, observer).await, RanOn::Settled);
    };
    let digest = turn.plugin.digest();
    let again = (upload.clone(), Arc::clone(&observer));
    let tried = gateway
        .upload_on(&turn.plugin, upload, urgency, observer)
        .await;
    let judgement = judge(&tried);
    if let Judgement::Certain(verdict @ (Verdict::Succeeded | Verdict::Inconclusive)) = judgement {
        if verdict == Verdict::Succeeded {
            releases.doubts().told();
        }
        turn.end(verdict).await;
        return (tried, RanOn::Trial(digest));
    }
    let outcome = settled(again.0, again.1).await;
    let verdict = verdict(releases, judgement, &outcome);
    turn.end(verdict).await;
    (outcome, RanOn::Settled)
}

/// What a job says that was run on both.
fn verdict(
    releases: &Releases,
    judgement: Judgement,
    settled: &Result<Outcome, CallError>,
) -> Verdict {
    let mut doubts = releases.doubts();
    let is_stored = matches!(settled, Ok(Outcome::Stored(_)));
    let verdict = match judgement {
        Judgement::Network if doubts.network_failed(is_stored) => Verdict::Failed,
        judgement => compare(judgement, settled),
    };
    if verdict == Verdict::Inconclusive {
        doubts.in_vain();
    } else {
        doubts.told();
    }
    verdict
}
