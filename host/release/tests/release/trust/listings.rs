//! What a repository may list besides components that this host knows.

use serde_json::json;
use tough::TargetName;
use tough::schema::Targets;

use super::forge::{chain, forge};
use crate::yard::{Instead, Looker, Yard, day};

/// A device whose repository lists one component and whatever else its publisher has signed.
async fn with(change: impl FnOnce(&mut Targets)) -> (Yard, Looker) {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let device = Looker::new(&yard);
    let path = yard.path("metadata/2.targets.json");
    let targets = forge::<Targets>(&path, &yard.key_files("targets"), change).await;
    let (snapshot, timestamp) = chain(
        (
            &yard.path("metadata/2.snapshot.json"),
            &yard.key_files("snapshot"),
        ),
        (
            &yard.path("metadata/timestamp.json"),
            &yard.key_files("timestamp"),
        ),
        &targets,
    )
    .await;
    device.instead("metadata/2.targets.json", Instead::Bytes(targets));
    device.instead("metadata/2.snapshot.json", Instead::Bytes(snapshot));
    device.instead("metadata/timestamp.json", Instead::Bytes(timestamp));
    (yard, device)
}

#[tokio::test]
async fn targets_of_others_are_passed_over() {
    let (_yard, device) = with(|targets| {
        let mut other = targets.targets.values().next().unwrap().clone();
        other.custom.clear();
        let name = TargetName::new("manuals/en.pdf").unwrap();
        targets.targets.insert(name, other);
    })
    .await;
    let checked = device.check(day(0)).await.unwrap();
    assert_eq!((checked.releases.len(), checked.strange.len()), (1, 0));
}

/// Else the first release for newer hosts would end updates on all older ones.
#[tokio::test]
async fn a_component_that_only_newer_hosts_understand_hides_no_other() {
    let (_yard, device) = with(|targets| {
        let ours = targets.targets.values().next().unwrap().clone();
        let mut newer = ours.clone();
        newer
            .custom
            .insert("sealift".into(), json!({"version": "9.0.0", "worlds": []}));
        targets
            .targets
            .insert(TargetName::new("newer.wasm").unwrap(), newer);
        targets
            .targets
            .insert(TargetName::new("a/b.wasm").unwrap(), ours);
    })
    .await;
    let checked = device.check(day(0)).await.unwrap();
    assert_eq!(checked.releases.len(), 1);
    let mut told: Vec<_> = checked
        .strange
        .iter()
        .map(|strange| format!("{}: {}", strange.name, strange.why))
        .collect();
    told.sort();
    assert!(
        told[0].starts_with("a/b.wasm: the name of a component"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("newer.wasm: missing field `world`"),
        "{told:?}"
    );
}
