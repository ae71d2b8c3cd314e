//! Rotations: what is in force before, between and after their steps.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sealift_keystore::{
    Fingerprint, IdentityFiles, IdentityStore, KeyAlgorithm, KeySpec, Rotation, RotationError,
};
use support::{KINDS, LEAF, P256, Workshop, now, report, set_mode};

/// A device, and a certificate for the key that comes next.
fn about_to_rotate(workshop: &Workshop) -> IdentityFiles {
    let files = workshop.device(P256);
    let key = Rotation::of(&files).unwrap().next_key(None).unwrap();
    assert_eq!(key.algorithm(), KeyAlgorithm::EcdsaP256);
    workshop.certificate("new", "key.next", "ca", LEAF);
    files
}

fn in_force(files: &IdentityFiles) -> Fingerprint {
    let identity = files.load(now()).unwrap();
    identity.chain().leaf().fingerprint()
}

fn of_file(workshop: &Workshop, name: &str) -> Fingerprint {
    let chain = sealift_keystore::CertificateChain::open(&workshop.path(name)).unwrap();
    chain.leaf().fingerprint()
}

fn rotate(workshop: &Workshop, files: &IdentityFiles) -> Result<bool, RotationError> {
    let rotation = Rotation::of(files)?;
    match rotation.stage(&workshop.path("new"), now())? {
        None => Ok(false),
        Some(candidate) => candidate.switch().map(|()| true),
    }
}

fn names(workshop: &Workshop) -> Vec<String> {
    let entries = fs::read_dir(workshop.path(".")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.contains("next")).collect();
    names.sort();
    names
}

#[test]
fn the_old_identity_is_in_force_until_the_switch() {
    let workshop = Workshop::new();
    let files = about_to_rotate(&workshop);
    let (old, new) = (of_file(&workshop, "certificate"), of_file(&workshop, "new"));
    let rotation = Rotation::of(&files).unwrap();
    let Some(candidate) = rotation.stage(&workshop.path("new"), now()).unwrap() else {
        panic!("the new certificate is not in force");
    };
    assert_eq!(in_force(&files), old);
    assert_eq!(in_force(&candidate.files()), new);
    assert_eq!(candidate.fingerprint(), new);
    candidate.switch().unwrap();
    assert_eq!(in_force(&files), new);
    assert_eq!(names(&workshop), [""; 0]);
}

#[test]
fn after_a_crash_at_any_step_an_identity_is_in_force_and_the_same_command_ends_it() {
    for steps in 0..4 {
        let workshop = Workshop::new();
        let files = about_to_rotate(&workshop);
        let (old, new) = (of_file(&workshop, "certificate"), of_file(&workshop, "new"));
        if steps > 0 {
            fs::copy(workshop.path("new"), workshop.path("certificate.next")).unwrap();
        }
        if steps > 1 {
            workshop.replace("key", "key.next");
        }
        if steps > 2 {
            workshop.replace("certificate", "certificate.next");
        }
        let expected = if steps > 1 { new } else { old };
        assert_eq!(in_force(&files), expected, "after {steps} steps");
        assert_eq!(rotate(&workshop, &files).unwrap(), steps < 2);
        assert_eq!(
            in_force(&files),
            new,
            "after {steps} steps and a second run"
        );
        assert_eq!(names(&workshop), [""; 0]);
        assert!(!rotate(&workshop, &files).unwrap(), "it is in force");
    }
}

/// A request without a certificate begins a rotation only once the one before has ended.
#[test]
fn a_decided_rotation_ends_before_another_begins() {
    let workshop = Workshop::new();
    let files = about_to_rotate(&workshop);
    fs::copy(workshop.path("new"), workshop.path("certificate.next")).unwrap();
    workshop.replace("key", "key.next");
    Rotation::of(&files).unwrap().next_key(None).unwrap();
    assert_eq!(of_file(&workshop, "certificate"), of_file(&workshop, "new"));
    assert_eq!(names(&workshop), ["key.next"]);
}

#[test]
fn a_running_store_never_loses_its_identity() {
    let workshop = Workshop::new();
    let files = about_to_rotate(&workshop);
    let store = IdentityStore::open(files.clone(), now()).unwrap();
    let new = of_file(&workshop, "new");
    fs::copy(workshop.path("new"), workshop.path("certificate.next")).unwrap();
    assert_eq!(store.current(now()).generation(), 1);
    workshop.replace("key", "key.next");
    let between = store.current(now());
    assert_eq!(between.chain().leaf().fingerprint(), new);
    workshop.replace("certificate", "certificate.next");
    let after = store.current(now());
    assert_eq!(after.chain().leaf().fingerprint(), new);
    assert_eq!((between.generation(), after.generation()), (2, 2));
}

#[test]
fn the_same_key_is_asked_for_again_and_not_made_twice() {
    let workshop = Workshop::new();
    let files = workshop.device(KINDS[0].1);
    let rotation = Rotation::of(&files).unwrap();
    let first = rotation.next_key(None).unwrap();
    assert_eq!(first.algorithm(), KINDS[0].0);
    let second = rotation.next_key(Some(KeySpec::Rsa2048)).unwrap();
    assert_eq!(first.public_key(), second.public_key());
    let error = rotation.next_key(Some(KeySpec::P384)).unwrap_err();
    assert!(matches!(error, RotationError::OtherSpec { .. }), "{error}");
}

#[test]
fn what_replaces_a_file_can_be_read_by_the_same() {
    let workshop = Workshop::new();
    let files = workshop.device(P256);
    set_mode(&workshop.path("key"), 0o400);
    set_mode(&workshop.path("certificate"), 0o644);
    Rotation::of(&files).unwrap().next_key(None).unwrap();
    workshop.certificate("new", "key.next", "ca", LEAF);
    set_mode(&workshop.path("new"), 0o600);
    rotate(&workshop, &files).unwrap();
    for (name, mode) in [("key", 0o400), ("certificate", 0o644)] {
        let permissions = workshop.path(name).metadata().unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode, "{name}");
    }
}

#[test]
fn a_symbolic_link_stays_one() {
    let workshop = Workshop::new();
    let files = about_to_rotate(&workshop);
    fs::create_dir(workshop.path("real")).unwrap();
    for name in ["key", "certificate", "key.next"] {
        workshop.replace(&format!("real/{name}"), name);
        if !name.ends_with("next") {
            let target = format!("real/{name}");
            std::os::unix::fs::symlink(target, workshop.path(name)).unwrap();
        }
    }
    assert!(rotate(&workshop, &files).unwrap());
    assert!(workshop.path("key").is_symlink());
    assert_eq!(in_force(&files), of_file(&workshop, "new"));
}

#[test]
fn a_new_certificate_of_the_present_key_takes_its_place() {
    let workshop = Workshop::new();
    let files = workshop.device(P256);
    workshop.certificate("new", "key", "ca", LEAF);
    assert!(rotate(&workshop, &files).unwrap());
    assert_eq!(in_force(&files), of_file(&workshop, "new"));
}

#[test]
fn a_certificate_of_another_key_is_refused() {
    let workshop = Workshop::new();
    let files = about_to_rotate(&workshop);
    workshop.key("other", P256);
    workshop.certificate("new", "other", "ca", LEAF);
    let error = rotate(&workshop, &files).unwrap_err();
    assert!(matches!(error, RotationError::Stranger { .. }), "{error}");
    assert_eq!(names(&workshop), ["key.next"]);
}

#[test]
fn two_processes_do_not_rotate_at_once() {
    let workshop = Workshop::new();
    let files = workshop.device(P256);
    let first = Rotation::of(&files).unwrap();
    let error = Rotation::of(&files).unwrap_err();
    assert!(matches!(error, RotationError::UnderWay(_)), "{error}");
    drop(first);
    Rotation::of(&files).unwrap();
}

#[test]
fn a_certificate_of_the_past_is_not_laid_down() {
    let workshop = Workshop::new();
    let files = about_to_rotate(&workshop);
    let rotation = Rotation::of(&files).unwrap();
    let later = now() + support::days(31);
    let error = rotation.stage(&workshop.path("new"), later).unwrap_err();
    assert!(report(&error).contains("expired"), "{error}");
    assert_eq!(names(&workshop), ["key.next"]);
}
