//! Looks at a repository on good and bad days.

use std::fs;
use std::sync::Arc;

use sealift_release::{DirectorySource, Reading, Repository, TrustError};

use crate::store::recording::{Loss, Recording};
use crate::yard::{DAY, Instead, Looker, Yard, day};

#[tokio::test]
async fn a_check_without_news_is_two_small_requests() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let device = Looker::new(&yard);
    device.check(day(0)).await.unwrap();
    let checked = device.check(day(1)).await.unwrap();
    assert_eq!(
        device.asked(),
        ["metadata/2.root.json", "metadata/timestamp.json"]
    );
    assert_eq!(checked.releases.len(), 1);
    assert_eq!(
        (checked.requests, checked.bytes),
        (2, device.bytes() as u64)
    );
    assert!(device.bytes() < 10_000, "{}", device.bytes());
    // A timestamp that is signed anew names what is there already.
    yard.sign(day(2)).await;
    device.check(day(2)).await.unwrap();
    assert_eq!(device.asked().len(), 2);
}

#[tokio::test]
async fn a_repository_that_cannot_be_reached_is_no_repository_without_news() {
    let yard = Yard::new().await;
    let device = Looker::new(&yard);
    device.check(day(0)).await.unwrap();
    let before = device.kept();
    for name in ["metadata/2.root.json", "metadata/timestamp.json"] {
        device.instead(name, Instead::Fails);
        let error = device.check(day(1)).await.unwrap_err();
        assert!(
            matches!(error, TrustError::Unreachable(_)),
            "{name}: {error}"
        );
        device.honest();
        device.instead(name, Instead::CutAt(10));
        if name.ends_with("timestamp.json") {
            let error = device.check(day(1)).await.unwrap_err();
            assert!(
                matches!(error, TrustError::Unreachable(_)),
                "{name}: {error}"
            );
        }
        device.honest();
    }
    device.instead("metadata/timestamp.json", Instead::NotFound);
    let error = device.check(day(1)).await.unwrap_err();
    assert!(matches!(error, TrustError::Unreachable(_)), "{error}");
    assert!(device.kept() == before);
}

#[tokio::test]
async fn a_clock_that_steps_back_is_no_error_while_it_says_nothing_impossible() {
    let yard = Yard::new().await;
    let device = Looker::new(&yard);
    device.check(day(5)).await.unwrap();
    device.check(day(5) + DAY / 2).await.unwrap();
    device.check(day(5)).await.unwrap();
}

/// A gateway without a battery wakes up in the past: what was signed then must not be believed again.
#[tokio::test]
async fn updates_wait_for_a_clock_that_is_behind_what_is_known_to_have_been() {
    let yard = Yard::new().await;
    let device = Looker::new(&yard);
    device.check(day(5)).await.unwrap();
    for wrong in [day(4), day(0), std::time::SystemTime::UNIX_EPOCH] {
        let error = device.check(wrong).await.unwrap_err();
        assert!(matches!(error, TrustError::Clock(_)), "{error}");
        assert_eq!(device.asked().len(), 0);
    }
    device.check(day(5)).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_is_far_ahead_updates_nothing_and_leaves_nothing_behind() {
    let yard = Yard::new().await;
    let device = Looker::new(&yard);
    device.check(day(1)).await.unwrap();
    for years in [1, 10, 70] {
        let error = device.check(day(365 * years + 1)).await.unwrap_err();
        assert!(matches!(error, TrustError::Expired { .. }), "{error}");
    }
    device.check(day(2)).await.unwrap();
}

#[tokio::test]
async fn time_that_nobody_vouches_for_raises_no_floor() {
    let yard = Yard::new().await;
    let device = Looker::new(&yard);
    let reading = |time| Reading {
        time,
        authenticated: false,
    };
    device.repository().check(reading(day(9))).await.unwrap();
    device.repository().check(reading(day(1))).await.unwrap();
}

#[tokio::test]
async fn damage_to_what_is_trusted_is_told_and_mended() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let device = Looker::new(&yard);
    device.check(day(0)).await.unwrap();
    let path = device.state.path().join("release/trust.json");
    let good = fs::read(&path).unwrap();
    let half = good[..good.len() / 2].to_vec();
    let flipped: Vec<u8> = good
        .iter()
        .map(|byte| if *byte == b'7' { b'8' } else { *byte })
        .collect();
    for damage in [Vec::new(), half, flipped, b"{}".to_vec()] {
        fs::write(&path, damage).unwrap();
        let checked = device.check(day(1)).await.unwrap();
        assert!(checked.damaged);
        assert_eq!(checked.releases.len(), 1);
        assert!(!device.check(day(1)).await.unwrap().damaged);
    }
}

#[tokio::test]
async fn another_configured_root_begins_anew() {
    let yard = Yard::new().await;
    let device = Looker::new(&yard);
    device.check(day(0)).await.unwrap();
    let other = Yard::new().await;
    other.publish("7.0.0", b"seven", day(0)).await;
    let mut settings = device.settings();
    settings.root = fs::read_to_string(other.path("metadata/1.root.json")).unwrap();
    let files = sealift_release::Directory::new(device.state.path().to_owned());
    let source = Arc::new(DirectorySource::new(other.directory.path().to_owned()));
    let repository = Repository::new(files, source, settings);
    let reading = Reading {
        time: day(0),
        authenticated: true,
    };
    assert_eq!(repository.check(reading).await.unwrap().releases.len(), 1);
}

#[tokio::test]
async fn a_root_that_is_none_is_the_configurations_fault() {
    let yard = Yard::new().await;
    let device = Looker::new(&yard);
    for root in [
        "",
        "{}",
        &fs::read_to_string(yard.path("metadata/timestamp.json")).unwrap(),
    ] {
        let mut settings = device.settings();
        settings.root = root.to_owned();
        let files = Recording::new(usize::MAX);
        let source = Arc::new(DirectorySource::new(yard.directory.path().to_owned()));
        let reading = Reading {
            time: day(0),
            authenticated: true,
        };
        let error = Repository::new(files, source, settings)
            .check(reading)
            .await
            .unwrap_err();
        assert!(matches!(error, TrustError::Root(_)), "{error}");
    }
}

/// Trust is all of one check or all of the one before.
#[tokio::test]
async fn a_loss_of_power_at_any_effect_leaves_trust_whole() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let settings = Looker::new(&yard).settings();
    let check = async |disk: Recording, time| {
        let source = Arc::new(DirectorySource::new(yard.directory.path().to_owned()));
        let repository = Repository::new(disk, source, settings.clone());
        repository
            .check(Reading {
                time,
                authenticated: true,
            })
            .await
    };
    let disk = Recording::new(usize::MAX);
    check(disk.clone(), day(0)).await.unwrap();
    yard.publish("1.1.0", b"two", day(2)).await;
    let whole = disk.copy(usize::MAX);
    check(whole.clone(), day(2)).await.unwrap();
    let effects = whole.used(usize::MAX);
    assert!(effects >= 4, "{effects}");
    for cut in 0..effects {
        let cut_off = disk.copy(cut);
        check(cut_off.clone(), day(2)).await.unwrap_err();
        for loss in [Loss::Process, Loss::Everything, Loss::Contents] {
            let checked = check(cut_off.after(loss), day(2)).await.unwrap();
            assert!(!checked.damaged, "{cut}, {loss:?}");
            assert_eq!(checked.releases.len(), 2);
        }
    }
}
