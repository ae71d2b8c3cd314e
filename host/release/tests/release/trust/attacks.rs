//! The attacks that TUF is made against: <https://theupdateframework.io/docs/security/>. After each of them the device
//! trusts what it trusted before.

use std::fs;

use sealift_release::{Role, TrustError};
use tough::schema::{Root, Targets, Timestamp};

use super::forge::{chain, forge};
use crate::yard::{DAY, Instead, Looker, Yard, day};

/// Not trusted, and nothing has changed.
async fn refused(device: &Looker, now: std::time::SystemTime) -> String {
    let before = device.kept();
    let error = device.check(now).await.unwrap_err();
    assert!(device.kept() == before, "{error}");
    let TrustError::NotTrusted(source) = error else {
        panic!("{error}");
    };
    source.to_string()
}

async fn yard_and_device() -> (Yard, Looker) {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let device = Looker::new(&yard);
    assert_eq!(device.finds(day(0)).await, ["1.0.0"]);
    (yard, device)
}

#[tokio::test]
async fn arbitrary_software_by_a_stranger() {
    let (yard, device) = yard_and_device().await;
    yard.publish("1.1.0", b"two", day(1)).await;
    let name = "metadata/3.targets.json";
    let text = fs::read_to_string(yard.path(name)).unwrap();
    let forged = text.replace("\"length\": 3", "\"length\": 4");
    assert_ne!(text, forged);
    device.instead(name, Instead::Bytes(forged.into_bytes()));
    let told = refused(&device, day(1)).await;
    assert!(told.contains("3.targets.json"), "{told}");
}

/// Whoever breaks into the server has the keys of snapshot and timestamp, and still cannot say what runs.
#[tokio::test]
async fn wrong_role_keys() {
    let (yard, device) = yard_and_device().await;
    yard.publish("1.1.0", b"two", day(1)).await;
    let (snapshot_keys, timestamp_keys) = (yard.key_files("snapshot"), yard.key_files("timestamp"));
    let targets = forge::<Targets>(
        &yard.path("metadata/3.targets.json"),
        &snapshot_keys,
        |targets| {
            targets
                .targets
                .values_mut()
                .for_each(|target| target.length = 4);
        },
    )
    .await;
    let (snapshot, timestamp) = chain(
        (&yard.path("metadata/3.snapshot.json"), &snapshot_keys),
        (&yard.path("metadata/timestamp.json"), &timestamp_keys),
        &targets,
    )
    .await;
    device.instead("metadata/3.targets.json", Instead::Bytes(targets));
    device.instead("metadata/3.snapshot.json", Instead::Bytes(snapshot));
    device.instead("metadata/timestamp.json", Instead::Bytes(timestamp));
    let told = refused(&device, day(1)).await;
    assert!(told.contains("targets"), "{told}");
    device.honest();
    assert_eq!(device.finds(day(1)).await, ["1.0.0", "1.1.0"]);
}

#[tokio::test]
async fn rollback_to_an_older_repository() {
    let (yard, mut device) = yard_and_device().await;
    let old = yard.copy();
    yard.publish("1.1.0", b"two", day(1)).await;
    assert_eq!(device.finds(day(1)).await, ["1.0.0", "1.1.0"]);
    device.sees(old.path());
    let told = refused(&device, day(1)).await;
    assert!(told.contains("timestamp"), "{told}");
}

/// Also by somebody who has the timestamp's key.
#[tokio::test]
async fn rollback_of_the_snapshot_behind_a_newer_timestamp() {
    let (yard, device) = yard_and_device().await;
    let old = yard.copy();
    yard.publish("1.1.0", b"two", day(1)).await;
    assert_eq!(device.finds(day(1)).await, ["1.0.0", "1.1.0"]);
    let keys = yard.key_files("timestamp");
    let replayed = forge::<Timestamp>(
        &old.path().join("metadata/timestamp.json"),
        &keys,
        |timestamp| {
            timestamp.version = 99.try_into().unwrap();
        },
    )
    .await;
    device.instead("metadata/timestamp.json", Instead::Bytes(replayed));
    let told = refused(&device, day(1)).await;
    assert!(told.contains("Snapshot version 2"), "{told}");
}

#[tokio::test]
async fn indefinite_freeze() {
    let (yard, mut device) = yard_and_device().await;
    let frozen = yard.copy();
    yard.publish("1.1.0", b"two", day(13)).await;
    device.sees(frozen.path());
    assert_eq!(device.finds(day(13)).await, ["1.0.0"]);
    let before = device.kept();
    let error = device.check(day(14)).await.unwrap_err();
    let TrustError::Expired { role, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(role, Role::Timestamp);
    assert!(device.kept() == before);
}

#[tokio::test]
async fn endless_data() {
    let (_yard, device) = yard_and_device().await;
    for (name, limit) in [
        ("metadata/timestamp.json", 32 * 1024),
        ("metadata/2.root.json", 512 * 1024),
    ] {
        device.instead(name, Instead::Endless);
        refused(&device, day(1)).await;
        assert!(device.bytes() < limit, "{name}: {}", device.bytes());
        device.honest();
    }
}

#[tokio::test(start_paused = true)]
async fn slow_retrieval() {
    let (_yard, device) = yard_and_device().await;
    let before = device.kept();
    for name in ["metadata/timestamp.json", "metadata/2.root.json"] {
        device.instead(name, Instead::Drips);
        let error = device.check(day(1)).await.unwrap_err();
        assert!(matches!(error, TrustError::Slow { .. }), "{error}");
        assert!(device.kept() == before);
        device.honest();
    }
}

#[tokio::test]
async fn mix_and_match() {
    let (yard, device) = yard_and_device().await;
    let old = fs::read(yard.path("metadata/2.targets.json")).unwrap();
    let old_snapshot = fs::read(yard.path("metadata/2.snapshot.json")).unwrap();
    yard.publish("1.1.0", b"two", day(1)).await;
    device.instead("metadata/3.targets.json", Instead::Bytes(old));
    refused(&device, day(1)).await;
    device.honest();
    device.instead("metadata/3.snapshot.json", Instead::Bytes(old_snapshot));
    refused(&device, day(1)).await;
}

#[tokio::test]
async fn a_root_whose_signatures_are_one_short_of_the_threshold() {
    let (yard, device) = yard_and_device().await;
    let keys = yard.key_files("root");
    assert_eq!(keys.len(), 3);
    let root = yard.path("metadata/1.root.json");
    let next = |root: &mut Root| root.version = 2.try_into().unwrap();
    let short = forge::<Root>(&root, &keys[..1], next).await;
    device.instead("metadata/2.root.json", Instead::Bytes(short));
    let told = refused(&device, day(1)).await;
    assert!(told.contains("root"), "{told}");
    let enough = forge::<Root>(&root, &keys[..2], next).await;
    device.instead("metadata/2.root.json", Instead::Bytes(enough));
    assert_eq!(device.finds(day(1)).await, ["1.0.0"]);
}

#[tokio::test]
async fn targets_whose_signatures_are_one_short_of_the_threshold() {
    let yard = Yard::with_two_signers().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let device = Looker::new(&yard);
    assert_eq!(device.finds(day(0)).await, ["1.0.0"]);
    yard.publish("1.1.0", b"two", day(1)).await;
    let keys = yard.key_files("targets");
    let targets = forge::<Targets>(&yard.path("metadata/3.targets.json"), &keys[..1], |_| {}).await;
    let (snapshot, timestamp) = chain(
        (
            &yard.path("metadata/3.snapshot.json"),
            &yard.key_files("snapshot"),
        ),
        (
            &yard.path("metadata/timestamp.json"),
            &yard.key_files("timestamp"),
        ),
        &targets,
    )
    .await;
    device.instead("metadata/3.targets.json", Instead::Bytes(targets));
    device.instead("metadata/3.snapshot.json", Instead::Bytes(snapshot));
    device.instead("metadata/timestamp.json", Instead::Bytes(timestamp));
    let told = refused(&device, day(1)).await;
    assert!(told.contains("targets"), "{told}");
}

/// One key that signs twice is one signature.
#[tokio::test]
async fn the_same_signature_twice() {
    let (yard, device) = yard_and_device().await;
    let keys = yard.key_files("root");
    let twice = [keys[0].clone(), keys[0].clone()];
    let root = yard.path("metadata/1.root.json");
    let forged = forge::<Root>(&root, &twice, |root| root.version = 2.try_into().unwrap()).await;
    device.instead("metadata/2.root.json", Instead::Bytes(forged));
    refused(&device, day(1)).await;
}

#[tokio::test]
async fn expired_everything() {
    let (_yard, device) = yard_and_device().await;
    let before = device.kept();
    let error = device.check(day(0) + DAY * 10_000).await.unwrap_err();
    let TrustError::Expired { role, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(role, Role::Root);
    assert!(device.kept() == before);
}

#[tokio::test]
async fn garbage_of_every_kind() {
    let (yard, device) = yard_and_device().await;
    yard.publish("1.1.0", b"two", day(1)).await;
    let names = [
        "timestamp.json",
        "2.root.json",
        "3.snapshot.json",
        "3.targets.json",
    ];
    for name in names {
        for garbage in [
            &b""[..],
            b"{}",
            b"\xff\xfe",
            b"[[[[[[",
            b"<html>login</html>",
        ] {
            device.instead(
                &format!("metadata/{name}"),
                Instead::Bytes(garbage.to_vec()),
            );
            refused(&device, day(1)).await;
        }
        device.honest();
    }
    assert_eq!(device.finds(day(1)).await, ["1.0.0", "1.1.0"]);
}
