//! Repositories over the years: keys of others, renewals, and what is said of a release.

use std::fs;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use sealift_release::publish::{
    Holder, Lifetimes, PublishError, Publisher, Roles, Rotation, Signer,
};
use sealift_release::{Role, Rollout};

use crate::examples;
use crate::yard::{Looker, Yard, day};

/// A key that is not in this process.
struct Elsewhere {
    public: Vec<u8>,
    pair: EcdsaKeyPair,
}

impl Holder for Elsewhere {
    fn public_key(&self) -> &[u8] {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        Ok(signature
            .map_err(|error| error.to_string())?
            .as_ref()
            .to_vec())
    }
}

#[tokio::test]
async fn a_key_that_is_held_elsewhere_signs_and_is_the_same_key_as_in_a_file() {
    let yard = Yard::new().await;
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
        .unwrap();
    let path = yard.path("theirs.pem");
    fs::write(
        &path,
        pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref())),
    )
    .unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.as_ref()).unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let public = public.as_ref().to_vec();
    let held = Signer::held("token".into(), Box::new(Elsewhere { public, pair })).unwrap();
    assert_eq!(
        held.id().unwrap(),
        Signer::read(&path).unwrap().id().unwrap()
    );
    let rotation = Rotation {
        role: Role::Timestamp,
        remove: vec![yard.signers("timestamp")[0].id().unwrap()],
        add: 0,
        adopt: vec![held.public()],
        threshold: None,
    };
    yard.publisher.rotate(&rotation, day(1)).unwrap();
    let mut signers = yard.signers("root");
    signers.push(held);
    let signed = yard.publisher.sign(&signers, day(1)).await.unwrap();
    assert_eq!(signed.lacking, []);
    Looker::new(&yard).check(day(1)).await.unwrap();
}

#[tokio::test]
async fn what_has_spent_half_of_its_time_is_renewed_by_whoever_has_all_that_it_takes() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let roles = async |keys: &[&str], number: u32| {
        let signers: Vec<_> = keys.iter().flat_map(|role| yard.signers(role)).collect();
        let signed = yard.publisher.sign(&signers, day(number)).await.unwrap();
        assert_eq!(signed.lacking, []);
        signed
            .signed
            .iter()
            .map(|(role, _)| *role)
            .collect::<Vec<_>>()
    };
    assert_eq!(roles(&["timestamp"], 50).await, [Role::Timestamp]);
    assert_eq!(
        roles(&["targets", "timestamp"], 50).await,
        [Role::Timestamp]
    );
    let online = ["snapshot", "timestamp"];
    assert_eq!(roles(&online, 44).await, [Role::Timestamp]);
    assert_eq!(roles(&online, 50).await, [Role::Snapshot, Role::Timestamp]);
    let all = ["targets", "snapshot", "timestamp"];
    assert_eq!(roles(&all, 50).await, [Role::Timestamp]);
    assert_eq!(
        roles(&all, 190).await,
        [Role::Targets, Role::Snapshot, Role::Timestamp]
    );
    assert_eq!(Looker::new(&yard).finds(day(200)).await, ["1.0.0"]);
}

/// Or a timestamp that somebody tried to sign with the wrong key would be published weeks later, nearly over.
#[tokio::test]
async fn a_timestamp_that_nobody_signed_is_drafted_again_with_all_of_its_time() {
    let yard = Yard::new().await;
    let root = yard.signers("root");
    yard.publisher.sign(&root[..1], day(1)).await.unwrap_err();
    yard.publisher
        .sign(&yard.signers("timestamp"), day(12))
        .await
        .unwrap();
    Looker::new(&yard).check(day(25)).await.unwrap();
}

#[tokio::test]
async fn lifetimes_are_those_that_the_repository_was_made_with() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("repository");
    let lifetimes = Lifetimes {
        timestamp: crate::yard::DAY * 3,
        ..Lifetimes::default()
    };
    let publisher = Publisher::new(path.clone(), lifetimes);
    publisher.init(&Roles::default(), day(0)).await.unwrap();
    assert_eq!(
        Publisher::open(path.clone()).unwrap().lifetimes(),
        lifetimes
    );
    fs::write(path.join("lifetimes.json"), "{}").unwrap();
    let error = Publisher::open(path).unwrap_err();
    assert!(matches!(error, PublishError::Lifetimes { .. }), "{error}");
}

#[tokio::test]
async fn a_name_is_one_release_s_and_a_version_has_one_name() {
    let yard = Yard::new().await;
    yard.publish("1.0.0", b"one", day(0)).await;
    let (first, second) = (
        examples::release("1.0.0", ""),
        examples::release("1.1.0", ""),
    );
    let add = |file, bytes: &[u8], manifest| {
        let error = yard.publisher.add(file, bytes, manifest, day(1));
        assert!(!yard.path("draft").exists());
        error.unwrap_err()
    };
    let error = add(&first.file, b"two", &second.manifest);
    assert!(matches!(error, PublishError::NameTaken { .. }), "{error}");
    let error = add(&second.file, b"one", &first.manifest);
    assert!(matches!(error, PublishError::Named { .. }), "{error}");
}

#[tokio::test]
async fn a_changed_rollout_leaves_all_else_that_is_said_of_a_release() {
    let yard = Yard::new().await;
    let before = yard.publish("1.0.0", b"one", day(0)).await;
    yard.publish("1.1.0", b"two", day(0)).await;
    let few = Rollout::try_from(3).unwrap();
    let version = before.version();
    let changed = yard.publisher.roll_out(version, few, day(1)).unwrap();
    yard.sign(day(1)).await;
    let releases = Looker::new(&yard).check(day(1)).await.unwrap().releases;
    let mut expected = before.clone();
    expected.manifest.rollout = few;
    assert_eq!((&changed, &releases[0]), (&expected, &expected));
    assert_eq!(releases[1].manifest.rollout, Rollout::EVERYONE);
    let unknown = yard
        .publisher
        .roll_out(&"2.0.0".parse().unwrap(), few, day(1));
    let error = unknown.unwrap_err();
    assert!(error.to_string().contains("1.0.0, 1.1.0"), "{error}");
}
