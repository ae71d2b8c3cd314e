//! Rotations: what a store publishes while its files are being replaced.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealift_keystore::{IdentityError, IdentityStore};
use support::{LEAF, P256, Workshop, days, now, set_mode};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// A device with an identity in force, and the next one beside it as `new-key`
/// and `new-certificate`.
fn rotation() -> (Workshop, IdentityStore) {
    let workshop = Workshop::new();
    let files = workshop.device(P256);
    workshop.key("new-key", P256);
    workshop.certificate("new-certificate", "new-key", "ca", LEAF);
    let store = IdentityStore::open(files, now()).unwrap();
    (workshop, store)
}

fn subject(store: &IdentityStore) -> (u64, String) {
    let identity = store.current(now());
    (
        identity.generation(),
        identity.chain().leaf().subject().to_owned(),
    )
}

const OLD: &str = "CN=certificate";
const NEW: &str = "CN=new-certificate";

#[test]
fn unchanged_files_keep_the_very_same_identity() {
    let (_workshop, store) = rotation();
    let first = store.current(now());
    assert_eq!(first.generation(), 1);
    assert!(Arc::ptr_eq(&first, &store.current(now())));
}

#[test]
fn a_rotation_is_published_when_both_files_are_there_certificate_first() {
    let (workshop, store) = rotation();
    workshop.replace("certificate", "new-certificate");
    assert_eq!(subject(&store), (1, OLD.to_owned()));
    assert!(matches!(
        store.refused().as_deref(),
        Some(IdentityError::Mismatch { .. })
    ));
    workshop.replace("key", "new-key");
    assert_eq!(subject(&store), (2, NEW.to_owned()));
    assert!(store.refused().is_none());
}

#[test]
fn a_rotation_is_published_when_both_files_are_there_key_first() {
    let (workshop, store) = rotation();
    workshop.replace("key", "new-key");
    assert_eq!(subject(&store), (1, OLD.to_owned()));
    workshop.replace("certificate", "new-certificate");
    assert_eq!(subject(&store), (2, NEW.to_owned()));
}

#[test]
fn a_rotation_in_place_passes_through_truncated_files_unharmed() {
    let (workshop, store) = rotation();
    let (certificate, key) = (workshop.read("new-certificate"), workshop.read("new-key"));
    for (name, content) in [("certificate", certificate), ("key", key)] {
        for length in [0, content.len() / 2] {
            fs::write(workshop.path(name), &content[..length]).unwrap();
            assert_eq!(subject(&store), (1, OLD.to_owned()));
        }
        fs::write(workshop.path(name), &content).unwrap();
    }
    assert_eq!(subject(&store), (2, NEW.to_owned()));
}

#[test]
fn a_file_that_is_gone_for_a_while_ends_nothing() {
    let (workshop, store) = rotation();
    fs::rename(workshop.path("key"), workshop.path("away")).unwrap();
    assert_eq!(subject(&store), (1, OLD.to_owned()));
    assert!(matches!(
        store.refused().as_deref(),
        Some(IdentityError::Key(_))
    ));
    fs::rename(workshop.path("away"), workshop.path("key")).unwrap();
    assert_eq!(subject(&store), (1, OLD.to_owned()));
    assert!(store.refused().is_none());
}

#[test]
fn a_key_that_becomes_readable_for_others_is_not_taken() {
    let (workshop, store) = rotation();
    workshop.replace("certificate", "new-certificate");
    set_mode(&workshop.path("new-key"), 0o644);
    workshop.replace("key", "new-key");
    assert_eq!(subject(&store), (1, OLD.to_owned()));
    set_mode(&workshop.path("key"), 0o600);
    assert_eq!(subject(&store), (2, NEW.to_owned()));
}

#[test]
fn files_written_anew_with_the_same_content_are_no_new_identity() {
    let (workshop, store) = rotation();
    let before = store.current(now());
    for name in ["certificate", "key"] {
        workshop.write("copy", workshop.read(name));
        workshop.replace(name, "copy");
    }
    assert!(Arc::ptr_eq(&before, &store.current(now())));
}

#[test]
fn a_new_certificate_for_the_same_key_is_a_new_identity() {
    let (workshop, store) = rotation();
    workshop.certificate("renewed", "key", "ca", LEAF);
    workshop.replace("certificate", "renewed");
    assert_eq!(subject(&store), (2, "CN=renewed".to_owned()));
}

#[test]
fn files_refused_by_a_wrong_clock_are_taken_once_it_is_right() {
    let (workshop, store) = rotation();
    workshop.replace("certificate", "new-certificate");
    workshop.replace("key", "new-key");
    let wrong = store.current(now() - days(365));
    assert_eq!(wrong.generation(), 1);
    assert!(matches!(
        store.refused().as_deref(),
        Some(IdentityError::NotYetValid { .. })
    ));
    assert_eq!(subject(&store), (2, NEW.to_owned()));
}

#[test]
fn an_identity_that_expires_while_in_force_stays() {
    let (_workshop, store) = rotation();
    assert_eq!(store.current(now() + days(365)).generation(), 1);
}

#[test]
fn a_store_does_not_open_on_half_a_rotation() {
    let (workshop, _store) = rotation();
    workshop.replace("key", "new-key");
    let error = IdentityStore::open(workshop.files(), now()).unwrap_err();
    assert!(matches!(error, IdentityError::Mismatch { .. }), "{error}");
}

#[test]
fn each_change_is_complained_of_once() {
    let warnings = Arc::new(AtomicUsize::new(0));
    let subscriber = CountWarnings(warnings.clone());
    tracing::subscriber::with_default(subscriber, || {
        let (workshop, store) = rotation();
        let warned = || {
            for _ in 0..3 {
                store.current(now());
            }
            warnings.load(Ordering::Relaxed)
        };
        assert_eq!(warned(), 0);
        workshop.replace("certificate", "new-certificate");
        assert_eq!(warned(), 1);
        fs::write(workshop.path("key"), "").unwrap();
        assert_eq!(warned(), 2);
        workshop.replace("key", "new-key");
        assert_eq!(warned(), 2);
    });
}

#[test]
fn readers_during_rotations_only_see_whole_identities() {
    let (workshop, store) = rotation();
    let new = [workshop.read("new-certificate"), workshop.read("new-key")];
    let old = [workshop.read("certificate"), workshop.read("key")];
    let read = || {
        let mut last = 0;
        for _ in 0..500 {
            let identity = store.current(now());
            assert!(identity.generation() >= last, "generations go forward");
            last = identity.generation();
            let leaf = identity.chain().leaf();
            assert_eq!(leaf.public_key(), identity.key().public_key());
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(read);
        scope.spawn(read);
        for round in 0..10 {
            let [certificate, key] = if round % 2 == 0 { &new } else { &old };
            workshop.write("next", certificate);
            workshop.replace("certificate", "next");
            workshop.write("next", key);
            workshop.replace("key", "next");
            assert_eq!(store.current(now()).generation(), round + 2);
        }
    });
}

/// Counts warnings and forgets everything else.
struct CountWarnings(Arc<AtomicUsize>);

impl Subscriber for CountWarnings {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn event(&self, event: &Event<'_>) {
        if *event.metadata().level() == Level::WARN {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
