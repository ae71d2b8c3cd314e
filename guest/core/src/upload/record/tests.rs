#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn intent() -> Intent {
    Intent {
        fingerprint: "f".to_owned(),
        length: Some(2 * MIN_PART + 7),
        part_size: MIN_PART,
        request: "r".to_owned(),
        at: 5,
    }
}

fn created(id: &str) -> Record {
    let upload_id = id.to_owned();
    Record::Created {
        upload_id,
        alone: true,
    }
}

fn part(number: u16, checksum: Option<&str>) -> Record {
    Record::Part {
        number,
        etag: "e".to_owned(),
        checksum: checksum.map(str::to_owned),
    }
}

fn journal(records: &[Record]) -> Journal {
    Journal::read(&records.iter().map(Record::encode).collect::<Vec<_>>())
}

fn read(records: &[Record]) -> Option<Past> {
    journal(records).past
}

fn left(id: &str) -> Record {
    let upload_id = id.to_owned();
    Record::Left { upload_id }
}

#[test]
fn the_entries_of_version_1_stay_as_they_are() {
    let entries = [
        r#"{"v":1,"record":{"intent":{"fingerprint":"f","length":10485767,"part_size":5242880,"request":"r","at":5}}}"#,
        r#"{"v":1,"record":{"created":{"upload_id":"U","alone":true}}}"#,
        r#"{"v":1,"record":{"part":{"number":2,"etag":"e","checksum":null}}}"#,
        r#"{"v":1,"record":"completing"}"#,
        r#"{"v":1,"record":{"over":{"left":2}}}"#,
        r#"{"v":1,"record":{"left":{"upload_id":"V"}}}"#,
        r#"{"v":1,"record":{"strays":{"since":3}}}"#,
    ];
    let records = [
        Record::Intent(intent()),
        created("U"),
        part(2, None),
        Record::Completing,
        Record::Over { left: 2 },
        left("V"),
        Record::Strays { since: 3 },
    ];
    for (entry, record) in entries.iter().zip(&records) {
        assert_eq!(String::from_utf8(record.encode()).unwrap(), *entry);
    }
    let past = read(&records[..4]).unwrap();
    assert_eq!(past.upload_id.as_deref(), Some("U"));
    assert!(past.completing);
    assert_eq!(past.parts.len(), 1);
}

#[test]
fn entries_that_do_not_begin_with_an_intent_tell_nothing() {
    assert_eq!(read(&[]), None);
    assert_eq!(read(&[created("U"), Record::Intent(intent())]), None);
    let damaged = [b"x".to_vec(), Record::Intent(intent()).encode()];
    assert_eq!(Journal::read(&damaged), Journal::default());
}

#[test]
fn the_last_intent_counts() {
    let other = Intent { at: 6, ..intent() };
    let records = [
        Record::Intent(intent()),
        created("U"),
        part(1, None),
        Record::Intent(other.clone()),
    ];
    let past = read(&records).unwrap();
    assert_eq!((past.intent, past.upload_id), (other, None));
    assert!(past.parts.is_empty());
}

#[test]
fn what_is_left_is_remembered_and_does_not_go_on() {
    let began = [Record::Intent(intent()), created("U"), part(1, None)];
    let other = [&began[..], &[left("V")]].concat();
    assert_eq!(read(&other), read(&began));
    let same = journal(&[&began[..], &[left("V"), left("U")]].concat());
    assert_eq!(same.past, None);
    let ids: Vec<_> = same.left.iter().map(UploadId::as_str).collect();
    assert_eq!(ids, ["V", "U"]);
    let many = vec![left("V"); 2 * MOST_LEFT];
    assert_eq!(journal(&many).left.len(), MOST_LEFT);
    let strays = [8, 3, 5].map(|since| Record::Strays { since });
    assert_eq!(journal(&strays).strays, Some(3));
}

#[test]
fn an_end_holds_once_all_that_is_left_is_written() {
    let before = [
        Record::Intent(intent()),
        created("U"),
        left("V"),
        Record::Strays { since: 3 },
    ];
    let end = [Record::Over { left: 2 }, left("W"), left("U")];
    let told = |entries: &[Record]| {
        let journal = journal(&[&before[..], entries].concat());
        let left = journal.left.iter().map(|id| id.as_str().to_owned());
        (left.collect::<Vec<_>>().concat(), journal.strays)
    };
    assert_eq!(told(&end[..1]), ("V".to_owned(), Some(3)));
    assert_eq!(told(&end[..2]), ("VW".to_owned(), Some(3)));
    assert_eq!(told(&end), ("WU".to_owned(), None));
    let cut = [&end[..2], &[Record::Intent(intent()), left("X")]].concat();
    assert_eq!(told(&cut), ("VWX".to_owned(), Some(3)));
    assert_eq!(told(&[Record::Over { left: 0 }]), (String::new(), None));
    assert_eq!(read(&[&before[..], &end].concat()), None);
}

#[test]
fn what_follows_an_entry_that_cannot_be_read_does_not_count() {
    let first = [Record::Intent(intent()), created("U"), part(1, None)];
    for damage in [
        &b"{\"v\":1,\"par"[..],
        b"",
        b"{\"v\":2,\"completing\":null}",
    ] {
        let mut entries: Vec<_> = first.iter().map(Record::encode).collect();
        entries.push(damage.to_vec());
        entries.push(part(2, None).encode());
        assert_eq!(Journal::read(&entries), journal(&first));
    }
    let impossible = [part(0, None), part(2, None)];
    let all: Vec<_> = first.iter().chain(&impossible).cloned().collect();
    assert_eq!(read(&all), read(&first));
}

#[test]
fn parts_are_stored_only_with_the_checksum_that_is_wanted() {
    let crc = "AAECAw==";
    let records = [
        Record::Intent(intent()),
        created("U"),
        part(1, Some(crc)),
        part(2, None),
        part(3, Some("AAECAwQFBgc=")),
        part(4, Some(crc)),
    ];
    let past = read(&records).unwrap();
    let left = |algorithm| {
        let mut parts = past.parts(algorithm);
        std::iter::from_fn(|| parts.next().map(|part| part.number.get())).collect::<Vec<_>>()
    };
    assert_eq!(left(Some(Algorithm::Crc32)), [2, 3]);
    assert_eq!(left(Some(Algorithm::Crc64Nvme)), [1, 2]);
    assert_eq!(left(None), [0; 0]);
    // The fourth is behind the end, whatever its checksum.
    assert_eq!(past.parts(None).length(), 2 * MIN_PART + 7);
}

#[test]
fn an_upload_goes_on_only_with_one_made_of_the_same() {
    let past = |intent| read(&[Record::Intent(intent)]).unwrap();
    let later = Intent {
        at: 9,
        part_size: MAX_PART,
        ..intent()
    };
    assert!(past(later).continues(&intent()));
    let other = "x".to_owned();
    for other in [
        Intent {
            fingerprint: other.clone(),
            ..intent()
        },
        Intent {
            request: other,
            ..intent()
        },
        Intent {
            length: Some(7),
            ..intent()
        },
    ] {
        assert!(!past(other).continues(&intent()));
    }
}

#[test]
fn an_upload_that_s3_would_not_take_does_not_go_on() {
    let of = |length, part_size| Intent {
        length,
        part_size,
        ..intent()
    };
    for intent in [
        of(Some(7), MIN_PART - 1),
        of(Some(7), MAX_PART + 1),
        of(Some(u64::from(MAX_PARTS) * MIN_PART + 1), MIN_PART),
        of(Some(0), MIN_PART),
        of(None, MIN_PART),
    ] {
        let past = read(&[Record::Intent(intent.clone())]).unwrap();
        assert!(!past.continues(&intent), "{intent:?}");
    }
}

#[test]
fn an_entry_fits_into_a_journals_4_kib() {
    let long = |length| "\"".repeat(length);
    let etag = long(256);
    let checksum = Some("A".repeat(44));
    let number = MAX_PARTS;
    for record in [
        created(&long(1024)),
        left(&long(1024)),
        Record::Part {
            number,
            etag,
            checksum,
        },
    ] {
        let length = record.encode().len();
        assert!(length <= 4096, "{length}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(entries in prop::collection::vec(any::<Vec<u8>>(), 0..8)) {
        let _ = Journal::read(&entries);
    }

    #[test]
    fn any_parts_make_no_more_than_the_payload(numbers in prop::collection::vec(0u16.., 0..50)) {
        let parts = numbers.iter().map(|&number| part(number, None));
        let records: Vec<_> = [Record::Intent(intent())].into_iter().chain(parts).collect();
        let parts = read(&records).unwrap().parts(None);
        prop_assert!(parts.length() <= 2 * MIN_PART + 7);
    }
}
