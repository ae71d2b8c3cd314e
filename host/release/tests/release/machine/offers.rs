//! What is taken of what is offered.

use sealift_release::{
    Effect, Event, Failure, Note, Outcome, Phase, Refusal, Requester, Rollout, Stage, Verdict,
    Window,
};
use semver::Version;

use crate::examples::release;

use super::device::Device;

const PERSON: Requester = Requester::Person { force: false };

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn the_newest_is_taken() {
    let mut device = Device::new();
    let releases = [
        release("1.2.0", "a"),
        release("1.10.0", "b"),
        release("1.9.0", "c"),
    ];
    device.offer(&releases, Requester::Schedule).unwrap();
    assert_eq!(
        device.state.stage().release().unwrap().version(),
        &version("1.10.0")
    );
}

#[test]
fn what_runs_is_not_taken_again_and_equal_bytes_under_a_newer_version_are() {
    let mut device = Device::new();
    device.commit(&release("1.0.0", "a"));
    let refusal = device.offer(&[release("1.0.0", "a")], PERSON).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::UpToDate {
            version: version("1.0.0")
        }
    );
    device.commit(&release("1.1.0", "a"));
}

#[test]
fn an_older_version_is_not_taken_from_anybody() {
    let mut device = Device::new();
    device.commit(&release("2.0.0", "a"));
    for by in [
        Requester::Schedule,
        Requester::Message,
        PERSON,
        Requester::Person { force: true },
    ] {
        let refusal = device.offer(&[release("1.9.9", "b")], by).unwrap_err();
        let (version, watermark) = (version("1.9.9"), version("2.0.0"));
        assert_eq!(refusal, Refusal::BelowWatermark { version, watermark });
    }
}

#[test]
fn the_watermark_outlives_the_component_that_set_it() {
    let mut device = Device::new();
    device.commit(&release("2.0.0", "a"));
    let slot = device.state.spare().other();
    device.slots.clear();
    device.tell(Event::Damaged { slot }).unwrap();
    assert_eq!(device.state.committed(), None);
    let refusal = device.offer(&[release("1.9.9", "b")], PERSON).unwrap_err();
    assert!(
        matches!(refusal, Refusal::BelowWatermark { .. }),
        "{refusal}"
    );
    device.commit(&release("2.0.0", "a"));
}

#[test]
fn a_release_for_a_part_of_the_fleet_is_for_all_whom_it_is_sent_to() {
    let mut device = Device::new();
    let mut few = release("1.0.0", "a");
    few.manifest.rollout = Rollout::try_from(0).unwrap();
    let refusal = device
        .offer(&[few.clone()], Requester::Schedule)
        .unwrap_err();
    assert_eq!(
        refusal,
        Refusal::NotYet {
            version: version("1.0.0")
        }
    );
    device.offer(&[few], Requester::Message).unwrap();
}

#[test]
fn devices_that_a_release_is_not_for_yet_take_the_one_before() {
    let mut device = Device::new();
    let mut few = release("1.1.0", "b");
    few.manifest.rollout = Rollout::try_from(0).unwrap();
    device
        .offer(&[few, release("1.0.0", "a")], Requester::Schedule)
        .unwrap();
    assert_eq!(
        device.state.stage().release().unwrap().version(),
        &version("1.0.0")
    );
}

#[test]
fn a_release_that_this_host_cannot_run_is_refused_and_says_what_it_needs() {
    let mut device = Device::new();
    let mut newer = release("1.0.0", "a");
    newer.manifest.minimum_host_version = version("9.0.0");
    let refusal = device.offer(&[newer], PERSON).unwrap_err();
    assert!(matches!(refusal, Refusal::HostTooOld { .. }), "{refusal}");
    let mut other = release("1.0.0", "a");
    other.manifest.world = "sealift:gateway/uploader@9.0.0".parse().unwrap();
    let refusal = device.offer(&[other], PERSON).unwrap_err();
    assert!(matches!(refusal, Refusal::OtherWorld { .. }), "{refusal}");
    let mut large = release("1.0.0", "a");
    large.length = u64::MAX;
    let refusal = device.offer(&[large], PERSON).unwrap_err();
    assert!(matches!(refusal, Refusal::TooLarge { .. }), "{refusal}");
}

/// Extraneous dependencies: a release gets no more than the host grants.
#[test]
fn a_release_that_asks_for_an_origin_beyond_the_grants_is_refused_by_that_origin() {
    let mut device = Device::new();
    let mut greedy = release("1.0.0", "a");
    greedy.manifest.origins = ["https://a.granted.example", "https://collector.example"]
        .map(|origin| origin.parse().unwrap())
        .to_vec();
    let refusal = device
        .offer(&[greedy.clone()], Requester::Person { force: true })
        .unwrap_err();
    let origin = "https://collector.example".parse().unwrap();
    let version = version("1.0.0");
    assert_eq!(refusal, Refusal::NotGranted { version, origin });
    greedy.manifest.origins.pop();
    device.offer(&[greedy], PERSON).unwrap();
}

#[test]
fn a_grant_that_is_taken_away_before_the_trial_ends_the_release() {
    let mut device = Device::new();
    let mut asks = release("1.0.0", "a");
    asks.manifest.origins = vec!["https://a.granted.example".parse().unwrap()];
    device.circumstances.window = Window::Closed;
    device.bring_to_trial(&asks);
    assert_eq!(device.state.phase(), Phase::Staged);
    device.circumstances.grants.clear();
    device.tell(Event::Reconsider).unwrap();
    let failure = Failure::Abandoned;
    let outcome = &device.state.last().unwrap().outcome;
    assert_eq!(*outcome, Outcome::FailedWithoutRollback { failure });
}

#[test]
fn a_newer_release_takes_the_place_of_one_that_is_not_on_trial_yet() {
    let mut device = Device::new();
    device.circumstances.window = Window::Closed;
    let releases = [release("1.0.0", "a"), release("1.1.0", "b")];
    device.offer(&releases[..1], Requester::Schedule).unwrap();
    device.downloaded();
    device.checked();
    device.offer(&releases, Requester::Schedule).unwrap();
    assert_eq!(
        device.state.stage().release().unwrap().version(),
        &version("1.1.0")
    );
    device.circumstances.window = Window::Open;
    device.downloaded();
    device.checked();
    let refusal = device.offer(&[release("1.2.0", "c")], PERSON).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::TrialUnderWay {
            version: version("1.1.0")
        }
    );
}

#[test]
fn what_cannot_be_had_is_asked_for_again_and_what_is_bad_is_not() {
    let mut device = Device::new();
    let offered = release("1.0.0", "a");
    device
        .offer(std::slice::from_ref(&offered), Requester::Schedule)
        .unwrap();
    let (digest, note) = (offered.digest, Note::from("gone"));
    device.tell(Event::NotDownloaded { digest, note }).unwrap();
    device
        .offer(std::slice::from_ref(&offered), Requester::Schedule)
        .unwrap();
    device.downloaded();
    let failure = Failure::ProbeFailed { note: "no".into() };
    device.tell(Event::CheckFailed { digest, failure }).unwrap();
    for by in [Requester::Schedule, Requester::Message, PERSON] {
        let refusal = device
            .offer(std::slice::from_ref(&offered), by)
            .unwrap_err();
        let version = version("1.0.0");
        assert_eq!(refusal, Refusal::FailedBefore { version, digest });
    }
    let again = release("1.0.1", "a");
    let refusal = device.offer(&[again], Requester::Schedule).unwrap_err();
    assert!(matches!(refusal, Refusal::FailedBefore { .. }), "{refusal}");
    device
        .offer(&[offered], Requester::Person { force: true })
        .unwrap();
}

#[test]
fn a_component_that_brings_the_process_down_when_it_is_checked_is_given_up() {
    let mut device = Device::new();
    device.offer(&[release("1.0.0", "a")], PERSON).unwrap();
    device.downloaded();
    for _ in 0..2 {
        device.tell(Event::Started).unwrap();
        assert_eq!(device.state.phase(), Phase::Verified);
    }
    device.tell(Event::Started).unwrap();
    let failure = Failure::DiedInCheck;
    let outcome = &device.state.last().unwrap().outcome;
    assert_eq!(*outcome, Outcome::FailedWithoutRollback { failure });
}

#[test]
fn an_answer_about_another_component_changes_nothing() {
    let mut device = Device::new();
    device.offer(&[release("1.0.0", "a")], PERSON).unwrap();
    let before = device.state.clone();
    let digest = release("1.0.0", "other").digest;
    let failure = Failure::DiedInCheck;
    for event in [
        Event::Downloaded { digest },
        Event::Checked { digest },
        Event::CheckFailed { digest, failure },
        Event::TrialJobEnded {
            digest,
            verdict: Verdict::TimedOut,
        },
        Event::BroughtBack,
        Event::Told { digest },
    ] {
        device.tell(event).unwrap();
        assert_eq!(device.state, before);
        assert_eq!(device.effects, []);
    }
    assert!(matches!(device.state.stage(), Stage::Downloading { .. }));
}

#[test]
fn a_check_that_was_cut_off_is_taken_up_by_the_next_person_and_by_nobody_else() {
    let mut device = Device::new();
    let next = release("1.1.0", "b");
    device
        .offer(std::slice::from_ref(&next), Requester::Schedule)
        .unwrap();
    device.downloaded();
    for by in [Requester::Schedule, Requester::Message] {
        let refusal = device.offer(std::slice::from_ref(&next), by).unwrap_err();
        let version = version("1.1.0");
        assert_eq!(refusal, Refusal::UnderWay { version });
    }
    device.offer(std::slice::from_ref(&next), PERSON).unwrap();
    assert!(matches!(device.effects[..], [Effect::Check { .. }]));
    device.checked();
    assert_eq!(device.state.phase(), Phase::Trial);
}

#[test]
fn a_person_does_not_wait_for_the_window_of_what_is_staged() {
    let mut device = Device::new();
    let next = release("1.1.0", "b");
    device.circumstances.window = Window::Closed;
    device.bring_to_trial(&next);
    assert_eq!(device.state.phase(), Phase::Staged);
    let waits = device.offer(std::slice::from_ref(&next), Requester::Schedule);
    let version = version("1.1.0");
    assert_eq!(waits.unwrap_err(), Refusal::UnderWay { version });
    device.circumstances.window = Window::Open;
    device.offer(std::slice::from_ref(&next), PERSON).unwrap();
    assert_eq!(device.state.phase(), Phase::Trial);
}

#[test]
fn the_schedule_does_not_put_a_newer_version_in_the_place_of_one_that_somebody_ordered() {
    let ordered = release("1.1.0", "b");
    let all = [ordered.clone(), release("1.2.0", "c")];
    for by in [Requester::Message, PERSON] {
        let mut device = Device::new();
        device.circumstances.window = Window::Closed;
        device.offer(std::slice::from_ref(&ordered), by).unwrap();
        for _ in 0..2 {
            let refusal = device.offer(&all, Requester::Schedule).unwrap_err();
            assert!(matches!(refusal, Refusal::UnderWay { .. }), "{refusal}");
            assert!(device.state.stage().release().unwrap().is(&ordered));
            device.downloaded();
            device.checked();
        }
        // A publisher that takes it back has the last word, and so has another order.
        device.offer(&all[1..], Requester::Schedule).unwrap();
        device.offer(&all[..1], Requester::Message).unwrap();
        assert!(device.state.stage().release().unwrap().is(&ordered));
    }
    let mut device = Device::new();
    device.offer(&all[..1], Requester::Schedule).unwrap();
    device.offer(&all, Requester::Schedule).unwrap();
    assert!(device.state.stage().release().unwrap().is(&all[1]));
}
