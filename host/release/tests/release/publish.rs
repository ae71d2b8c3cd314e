//! Making repositories.

mod upkeep;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RsaKeyPair};
use sealift_release::publish::{
    Lifetimes, PublicKey, PublishError, Publisher, RoleKeys, Roles, Rotation, Signer,
};
use sealift_release::{Role, Rollout};

use crate::examples;
use crate::yard::{Looker, Yard, day};

#[tokio::test]
async fn a_new_repository_is_one_that_devices_take_with_keys_for_this_user_alone() {
    let yard = Yard::new().await;
    let report = yard.publisher.check(day(1)).await.unwrap();
    assert_eq!(report.releases, []);
    assert_eq!(report.drafts, []);
    let roles: Vec<_> = report
        .expiries
        .iter()
        .map(|expiry| (expiry.role, expiry.version))
        .collect();
    assert_eq!(roles, Role::ALL.map(|role| (role, 1)));
    for role in ["root", "targets", "snapshot", "timestamp"] {
        for key in yard.key_files(role) {
            assert_eq!(
                fs::metadata(&key).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }
    assert_eq!(yard.key_files("root").len(), 3);
    let error = yard
        .publisher
        .init(&Roles::default(), day(1))
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Exists { .. }), "{error}");
}

#[tokio::test]
async fn files_are_named_as_tuf_names_them() {
    let yard = Yard::new().await;
    let release = yard.publish("1.0.0", b"one", day(0)).await;
    let list = |part: &str| {
        let names = fs::read_dir(yard.path(part)).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let expected = [
        "1.root.json",
        "1.snapshot.json",
        "1.targets.json",
        "2.snapshot.json",
        "2.targets.json",
        "timestamp.json",
    ];
    assert_eq!(list("metadata"), expected);
    assert_eq!(
        list("targets"),
        [format!("{}.uploader-1.0.0.wasm", release.digest)]
    );
    let mode = fs::metadata(yard.path("metadata/timestamp.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
}

/// Each holder has one key and a copy of the directory.
#[tokio::test]
async fn nothing_is_published_before_the_last_signature_whoever_brings_it() {
    let yard = Yard::with_two_signers().await;
    let device = Looker::new(&yard);
    yard.add("1.0.0", b"one", day(1));
    let [one, other] = &yard.key_files("targets")[..] else {
        panic!("two keys");
    };
    let one = [Signer::read(one).unwrap()];
    let signed = yard.publisher.sign(&one, day(1)).await.unwrap();
    assert_eq!(signed.signed, [(Role::Targets, one[0].id().unwrap())]);
    let [lacking] = &signed.lacking[..] else {
        panic!("{signed:?}");
    };
    assert_eq!(
        (lacking.role, lacking.has, lacking.threshold),
        (Role::Targets, 1, 2)
    );
    assert_eq!(device.finds(day(1)).await, [""; 0]);
    let other = [Signer::read(other).unwrap()];
    let signed = yard.publisher.sign(&other, day(1)).await.unwrap();
    assert_eq!(signed.lacking[0].role, Role::Snapshot);
    assert_eq!(device.finds(day(1)).await, [""; 0]);
    let online: Vec<_> = ["snapshot", "timestamp"]
        .iter()
        .flat_map(|role| yard.signers(role))
        .collect();
    assert_eq!(
        yard.publisher.sign(&online, day(1)).await.unwrap().lacking,
        []
    );
    assert_eq!(device.finds(day(1)).await, ["1.0.0"]);
}

#[tokio::test]
async fn a_new_root_needs_old_keys_and_new_ones() {
    for old_first in [true, false] {
        let yard = Yard::new().await;
        let roots = yard.signers("root");
        let rotation = Rotation {
            role: Role::Root,
            remove: vec![roots[0].id().unwrap(), roots[1].id().unwrap()],
            add: 2,
            adopt: Vec::new(),
            threshold: None,
        };
        let made = yard.publisher.rotate(&rotation, day(1)).unwrap();
        let error = yard.publisher.rotate(&rotation, day(1)).unwrap_err();
        assert!(matches!(error, PublishError::RootDrafted), "{error}");
        let new: Vec<_> = made
            .iter()
            .map(|key| Signer::read(&key.file).unwrap())
            .collect();
        let (first, last) = if old_first {
            (&roots[..2], &new[..])
        } else {
            (&new[..], &roots[..2])
        };
        let signed = yard.publisher.sign(first, day(1)).await.unwrap();
        assert_eq!(signed.lacking[0].role, Role::Root);
        assert!(!yard.path("metadata/2.root.json").exists());
        assert_eq!(yard.publisher.sign(last, day(1)).await.unwrap().lacking, []);
        assert!(yard.path("metadata/2.root.json").exists());
        Looker::new(&yard).check(day(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_version_means_the_same_bytes_for_ever_and_may_reach_more_devices() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let mut example = examples::release("1.0.0", "");
    let error = yard
        .publisher
        .add(&example.file, b"other", &example.manifest, day(1))
        .unwrap_err();
    assert!(
        matches!(error, PublishError::VersionTaken { .. }),
        "{error}"
    );
    assert!(!yard.path("draft").exists());
    example.manifest.rollout = Rollout::try_from(50).unwrap();
    yard.publisher
        .add(&example.file, b"one", &example.manifest, day(1))
        .unwrap();
    yard.sign(day(1)).await;
    let releases = Looker::new(&yard).check(day(1)).await.unwrap().releases;
    assert_eq!(releases[0].manifest, example.manifest);
}

#[tokio::test]
async fn signing_without_changes_makes_the_timestamp_good_for_longer() {
    let yard = Yard::new().await;
    let timestamp = yard.signers("timestamp");
    yard.publisher.sign(&timestamp, day(10)).await.unwrap();
    Looker::new(&yard).check(day(20)).await.unwrap();
    let report = yard.publisher.check(day(20)).await.unwrap();
    assert_eq!(report.expiries[3].version, 2);
}

#[tokio::test]
async fn a_key_that_is_of_no_use_is_told_whose_would_be() {
    let yard = Yard::new().await;
    yard.add("1.0.0", b"one", day(1));
    let root = yard.signers("root");
    let error = yard.publisher.sign(&root[..1], day(1)).await.unwrap_err();
    let wanted = yard.signers("targets")[0].id().unwrap().to_string();
    assert!(error.to_string().contains(&wanted), "{error}");
}

#[tokio::test]
async fn a_component_that_was_exchanged_on_the_server_is_found() {
    let yard = Yard::new().await;
    let release = yard.publish("1.0.0", b"one", day(0)).await;
    let path = yard
        .path("targets")
        .join(format!("{}.{}", release.digest, release.file));
    fs::write(&path, b"two").unwrap();
    let error = yard.publisher.check(day(1)).await.unwrap_err();
    assert!(matches!(error, PublishError::Target { .. }), "{error}");
}

#[tokio::test]
async fn a_repository_that_is_not_kept_up_is_found() {
    let yard = Yard::new().await;
    let error = yard.publisher.check(day(15)).await.unwrap_err();
    assert!(matches!(error, PublishError::Untrusted(_)), "{error}");
}

#[test]
fn what_holds_no_key_is_told_and_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pem");
    fs::write(
        &path,
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    let error = Signer::read(&path).unwrap_err();
    assert!(matches!(error, PublishError::Key { .. }), "{error}");
    assert!(!format!("{error:?}").contains("c2VjcmV0"));
}

#[tokio::test]
async fn more_signatures_than_keys_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let publisher = Publisher::new(directory.path().join("repository"), Lifetimes::default());
    let roles = Roles {
        targets: RoleKeys {
            keys: 1.try_into().unwrap(),
            threshold: 2.try_into().unwrap(),
        },
        ..Roles::default()
    };
    let error = publisher.init(&roles, day(0)).await.unwrap_err();
    assert!(matches!(error, PublishError::Threshold { .. }), "{error}");
}

/// A key that was made elsewhere: its private part never comes here.
#[tokio::test]
async fn keys_of_every_kind_that_others_have_are_adopted() {
    let two = RoleKeys {
        keys: 2.try_into().unwrap(),
        threshold: 2.try_into().unwrap(),
    };
    let roles = Roles {
        targets: two,
        ..Roles::default()
    };
    let yard = Yard::with(&roles).await;
    let theirs = tempfile::tempdir().unwrap();
    let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
        .unwrap();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let mut adopt = Vec::new();
    let mut signers = Vec::new();
    for (name, der) in [("p256", p256.as_ref()), ("rsa", rsa.as_ref())] {
        let path = theirs.path().join(name);
        fs::write(&path, pem::encode(&pem::Pem::new("PRIVATE KEY", der))).unwrap();
        let signer = Signer::read(&path).unwrap();
        let public = theirs.path().join(format!("{name}.json"));
        signer.public().write(&public).unwrap();
        assert!(!fs::read_to_string(&public).unwrap().contains("PRIVATE"));
        adopt.push(PublicKey::read(&public).unwrap());
        signers.push(signer);
    }
    let ids = yard
        .signers("targets")
        .into_iter()
        .map(|signer| signer.id().unwrap());
    let remove = ids.collect();
    let role = Role::Targets;
    let rotation = Rotation {
        role,
        remove,
        add: 0,
        adopt,
        threshold: None,
    };
    assert_eq!(yard.publisher.rotate(&rotation, day(1)).unwrap(), []);
    let here = Signer::read_all(&yard.path("keys")).unwrap();
    let signed = yard.publisher.sign(&here, day(1)).await.unwrap();
    assert_eq!(signed.lacking[0].role, Role::Targets);
    let signed = yard.publisher.sign(&signers, day(1)).await.unwrap();
    assert_eq!(signed.lacking[0].role, Role::Snapshot);
    assert_eq!(
        yard.publisher.sign(&here, day(1)).await.unwrap().lacking,
        []
    );
    Looker::new(&yard).check(day(1)).await.unwrap();
}
