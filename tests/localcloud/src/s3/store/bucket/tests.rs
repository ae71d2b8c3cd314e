#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::io::Write as _;

use proptest::prelude::*;
use tempfile::TempDir;
use time::macros::datetime;

use super::*;
use crate::s3::checksum::{Algorithm, Checksum, Form};
use crate::s3::headers::Headers;
use crate::s3::store::Store;

const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

struct Fixture {
    store: Store,
    dir: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.create_bucket("demo", NOW).unwrap();
        Self { store, dir }
    }

    /// What a process that died now would leave to the next.
    fn reopen(self) -> Self {
        let store = Store::open(self.dir.path()).unwrap();
        Self {
            store,
            dir: self.dir,
        }
    }

    fn bucket(&self) -> Arc<Bucket> {
        self.store.bucket("demo").unwrap()
    }

    fn draft(key: &str, body: &[u8]) -> Draft {
        Draft {
            key: key.to_owned(),
            size: body.len() as u64,
            etag: format!("etag of {}", body.len()),
            modified: NOW,
            checksum: Checksum {
                algorithm: Algorithm::Crc64Nvme,
                form: Form::FullObject,
                value: "AAAAAAAAAAA=".to_owned(),
            },
            headers: Headers::default(),
            parts: vec![],
        }
    }

    fn file(&self, body: &[u8]) -> NamedTempFile {
        let mut file = self.store.incoming().unwrap();
        file.write_all(body).unwrap();
        file
    }

    fn put(&self, key: &str, body: &[u8]) -> Arc<Object> {
        let conditions = Conditions::default();
        self.bucket()
            .put(Self::draft(key, body), self.file(body), &conditions)
            .unwrap()
    }

    fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.bucket().object(key) {
            Ok((object, mut file)) => {
                let mut body = vec![];
                io::Read::read_to_end(&mut file, &mut body).unwrap();
                assert_eq!(object.size, body.len() as u64);
                Some(body)
            }
            Err(StoreError::NoSuchKey) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![];
        self.bucket().scan("", |object| {
            keys.push(object.key.clone());
            true
        });
        keys
    }
}

fn key() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just("a"),
        Just("b"),
        Just("/"),
        Just("."),
        Just(".."),
        Just("%61"),
        Just(".escaped"),
        Just("\0"),
        Just("\u{7f}"),
        Just("日本"),
        Just("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ];
    prop_oneof![
        prop::collection::vec(odd, 1..25).prop_map(|pieces| pieces.concat()),
        "[ab/]{1,6}",
        any::<String>(),
    ]
    .prop_filter("a key has 1 to 1024 bytes", |key| {
        (1..=1024).contains(&key.len())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn distinct_keys_never_alias_not_even_after_a_restart(
        keys in prop::collection::btree_set(key(), 1..12),
        removed in any::<prop::sample::Index>(),
    ) {
        let mut fixture = Fixture::new();
        for key in &keys {
            fixture.put(key, key.as_bytes());
        }
        fixture = fixture.reopen();
        let gone = removed.get(&keys.iter().cloned().collect::<Vec<_>>()).clone();
        fixture.bucket().delete(&gone, None).unwrap();
        for key in &keys {
            let expected = (*key != gone).then(|| key.as_bytes().to_vec());
            prop_assert_eq!(fixture.get(key), expected);
        }
        prop_assert_eq!(fixture.keys().len(), keys.len() - 1);
    }
}

#[test]
fn a_plain_key_is_a_plain_file_and_nothing_else_is_there() {
    let fixture = Fixture::new();
    fixture.put("2026/01/data.bin", b"bytes");
    let root = fixture.dir.path().join("s3/demo");
    assert_eq!(fs::read(root.join("2026/01/data.bin")).unwrap(), b"bytes");
    fixture.bucket().delete("2026/01/data.bin", None).unwrap();
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
}

#[test]
fn a_key_and_a_longer_one_below_it_live_side_by_side_in_any_order() {
    for order in [["a", "a/b"], ["a/b", "a"]] {
        let fixture = Fixture::new();
        for key in order {
            fixture.put(key, key.as_bytes());
        }
        for key in order {
            assert_eq!(fixture.get(key).unwrap(), key.as_bytes());
        }
    }
}

#[test]
fn replacing_an_object_leaves_one() {
    let fixture = Fixture::new();
    fixture.put("a/b", b"1");
    fixture.put("a", b"2");
    fixture.bucket().delete("a/b", None).unwrap();
    // `a` is escaped by now and stays so, though its plain path is free.
    fixture.put("a", b"333");
    let fixture = fixture.reopen();
    assert_eq!(fixture.get("a").unwrap(), b"333");
    assert_eq!(fixture.keys(), ["a"]);
}

#[test]
fn an_object_whose_file_was_removed_by_hand_does_not_exist() {
    let fixture = Fixture::new();
    fixture.put("a", b"1");
    fs::remove_file(fixture.dir.path().join("s3/demo/a")).unwrap();
    let conditions = Conditions {
        if_absent: true,
        ..Conditions::default()
    };
    fixture
        .bucket()
        .put(Fixture::draft("a", b"22"), fixture.file(b"22"), &conditions)
        .expect("the key is free");
    assert_eq!(fixture.get("a").unwrap(), b"22");
}

#[test]
fn a_symbolic_link_in_the_way_is_never_followed() {
    let fixture = Fixture::new();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), fixture.dir.path().join("s3/demo/link")).unwrap();
    fixture.put("link/file", b"1");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert_eq!(fixture.get("link/file").unwrap(), b"1");
}

#[test]
fn conditions_are_judged_against_what_is_there() {
    let fixture = Fixture::new();
    let put = |conditions: &Conditions| {
        let result =
            fixture
                .bucket()
                .put(Fixture::draft("a", b"1"), fixture.file(b"1"), conditions);
        result.map(|object| object.etag.clone())
    };
    let absent = Conditions {
        if_absent: true,
        ..Conditions::default()
    };
    let etag = |text: &str| Conditions {
        if_match: Some(ETagCondition::ETag(s3s::dto::ETag::Strong(text.to_owned()))),
        ..Conditions::default()
    };
    assert!(matches!(put(&etag("x")), Err(StoreError::NoSuchKey)));
    let first = put(&absent).expect("nothing is there");
    assert!(matches!(put(&absent), Err(StoreError::PreconditionFailed)));
    assert!(matches!(
        put(&etag("x")),
        Err(StoreError::PreconditionFailed)
    ));
    put(&etag(&first)).expect("it is there");
}

/// Replays a death after each step of storing an object over another one.
#[test]
fn after_a_death_at_any_step_there_is_the_old_object_or_the_new_one() {
    for steps in 0..=3 {
        let fixture = Fixture::new();
        fixture.put("a", b"old");
        let bucket = fixture.bucket();
        let words = bucket.words("a");
        let provisional = words.with_extension(PROVISIONAL);
        let file = fixture.file(b"newer");
        let stamp = Stamp::of(file.path()).unwrap();
        let object = Object::new(Fixture::draft("a", b"newer"), Place::Plain, stamp);
        if steps >= 1 {
            write_json(&provisional, &object).unwrap();
        }
        if steps >= 2 {
            file.persist(bucket.path(Place::Plain, "a")).unwrap();
        }
        if steps >= 3 {
            fs::rename(&provisional, &words).unwrap();
        }
        let fixture = fixture.reopen();
        let expected: &[u8] = if steps >= 2 { b"newer" } else { b"old" };
        assert_eq!(fixture.get("a").unwrap(), expected, "after {steps} steps");
        assert!(!provisional.exists());
        assert_eq!(
            entries(&fixture.dir.path().join(".meta/incoming"))
                .unwrap()
                .len(),
            0
        );
    }
}

#[test]
fn a_file_that_nobody_put_is_no_object() {
    let fixture = Fixture::new();
    fs::write(fixture.dir.path().join("s3/demo/stray"), "x").unwrap();
    let fixture = fixture.reopen();
    assert_eq!(fixture.get("stray"), None);
    assert!(fixture.keys().is_empty());
}
