//! Keys that are exchanged, for age or for having been stolen.

use sealift_release::publish::{KeyId, PublishError, Rotation};
use sealift_release::{Role, TrustError};
use tough::schema::Timestamp;

use super::forge::forge;
use crate::yard::{Instead, Looker, Yard, day};

fn ids(yard: &Yard, role: &str) -> Vec<KeyId> {
    yard.signers(role)
        .iter()
        .map(|signer| signer.id().unwrap())
        .collect()
}

async fn replace_keys(yard: &Yard, role: Role, now: std::time::SystemTime) {
    let remove = ids(yard, &role.to_string());
    let add = u32::try_from(remove.len()).unwrap();
    let old = yard.key_files(&role.to_string());
    yard.publisher
        .rotate(
            &Rotation {
                role,
                remove,
                add,
                adopt: Vec::new(),
                threshold: None,
            },
            now,
        )
        .unwrap();
    yard.sign(now).await;
    for file in old {
        std::fs::rename(&file, file.with_extension("old")).unwrap();
    }
}

#[tokio::test]
async fn a_device_follows_each_rotation_and_the_next_check_begins_where_it_ended() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let device = Looker::new(&yard);
    device.check(day(0)).await.unwrap();
    for (number, role) in Role::ALL.into_iter().enumerate() {
        let now = day(1 + u32::try_from(number).unwrap());
        replace_keys(&yard, role, now).await;
        assert_eq!(device.finds(now).await, ["1.0.0"], "{role}");
        device.check(now).await.unwrap();
        let next = format!("metadata/{}.root.json", number + 3);
        assert_eq!(device.asked(), [next, "metadata/timestamp.json".to_owned()]);
    }
    // A new device with the first root gets there too.
    assert_eq!(Looker::new(&yard).finds(day(5)).await, ["1.0.0"]);
}

/// The trap of beginning each check with the factory's root: rotated keys would look new each time, and what was kept
/// of the timestamp be forgotten.
#[tokio::test]
async fn rollback_protection_outlives_a_rotation() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let mut device = Looker::new(&yard);
    replace_keys(&yard, Role::Timestamp, day(1)).await;
    device.check(day(1)).await.unwrap();
    let old = yard.copy();
    yard.publish("1.1.0", b"two", day(2)).await;
    device.check(day(2)).await.unwrap();
    device.sees(old.path());
    let error = device.check(day(2)).await.unwrap_err();
    assert!(matches!(error, TrustError::NotTrusted(_)), "{error}");
}

#[tokio::test]
async fn a_stolen_key_is_worth_nothing_after_its_rotation() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let device = Looker::new(&yard);
    device.check(day(0)).await.unwrap();
    let stolen = yard.path("stolen.pem");
    std::fs::copy(&yard.key_files("timestamp")[0], &stolen).unwrap();
    let forged = forge::<Timestamp>(
        &yard.path("metadata/timestamp.json"),
        &[stolen],
        |timestamp| {
            timestamp.version = 1_000_000.try_into().unwrap();
        },
    )
    .await;
    // Fast-forward: the thief drives the version up, so that nothing else looks newer.
    device.instead("metadata/timestamp.json", Instead::Bytes(forged.clone()));
    device.check(day(1)).await.unwrap();
    device.honest();
    let error = device.check(day(1)).await.unwrap_err();
    assert!(matches!(error, TrustError::NotTrusted(_)), "{error}");
    replace_keys(&yard, Role::Timestamp, day(2)).await;
    assert_eq!(device.finds(day(2)).await, ["1.0.0"]);
    device.instead("metadata/timestamp.json", Instead::Bytes(forged));
    let error = device.check(day(2)).await.unwrap_err();
    assert!(matches!(error, TrustError::NotTrusted(_)), "{error}");
}

/// The withdrawal of keys counts at once, whatever else is held back.
#[tokio::test]
async fn a_newer_root_counts_even_if_nothing_else_can_be_had() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let mut device = Looker::new(&yard);
    device.check(day(0)).await.unwrap();
    let old = yard.copy();
    replace_keys(&yard, Role::Timestamp, day(1)).await;
    device.instead("metadata/timestamp.json", Instead::Fails);
    let error = device.check(day(1)).await.unwrap_err();
    assert!(matches!(error, TrustError::Unreachable(_)), "{error}");
    device.honest();
    device.sees(old.path());
    let error = device.check(day(1)).await.unwrap_err();
    assert!(matches!(error, TrustError::NotTrusted(_)), "{error}");
}

#[tokio::test]
async fn a_rotation_that_leaves_too_few_keys_is_refused() {
    let yard = Yard::new().await;
    let remove = ids(&yard, "root");
    let role = Role::Root;
    let error = yard
        .publisher
        .rotate(
            &Rotation {
                role,
                remove,
                add: 1,
                adopt: Vec::new(),
                threshold: None,
            },
            day(1),
        )
        .unwrap_err();
    assert!(
        matches!(
            error,
            PublishError::Threshold {
                threshold: 2,
                keys: 1,
                ..
            }
        ),
        "{error}"
    );
    let remove = ids(&yard, "targets");
    let error = yard
        .publisher
        .rotate(
            &Rotation {
                role,
                remove,
                add: 1,
                adopt: Vec::new(),
                threshold: None,
            },
            day(1),
        )
        .unwrap_err();
    assert!(matches!(error, PublishError::NoSuchKey { .. }), "{error}");
    assert!(!yard.path("draft").exists());
}

/// TUF 5.3.11, and not only within one check: the next one begins with the new root and sees no change any more.
#[tokio::test]
async fn a_change_of_the_timestamps_keys_forgets_its_versions_even_if_the_check_ends_early() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let device = Looker::new(&yard);
    let path = yard.path("metadata/timestamp.json");
    let far_ahead = forge::<Timestamp>(&path, &yard.key_files("timestamp"), |timestamp| {
        timestamp.version = 1_000_000.try_into().unwrap();
    })
    .await;
    device.instead("metadata/timestamp.json", Instead::Bytes(far_ahead));
    device.check(day(1)).await.unwrap();
    let (role, remove) = (Role::Timestamp, Vec::new());
    let rotation = Rotation {
        role,
        remove,
        add: 1,
        adopt: Vec::new(),
        threshold: None,
    };
    yard.publisher.rotate(&rotation, day(2)).unwrap();
    yard.sign(day(2)).await;
    device.instead("metadata/timestamp.json", Instead::Fails);
    let error = device.check(day(2)).await.unwrap_err();
    assert!(matches!(error, TrustError::Unreachable(_)), "{error}");
    device.honest();
    assert_eq!(device.finds(day(2)).await, ["1.0.0"]);
}
