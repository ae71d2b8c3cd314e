//! A file that changes while it is sent does not become an object.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt;

use http_body_util::BodyExt as _;
use sealift_payload::{Algorithm, Change, Framing, SourceError};

use crate::support::{FRAME, Sample, drain};

const SIZE: u64 = 3 * FRAME as u64;
const FRAMINGS: [Framing; 2] = [
    Framing::Raw { checksum: None },
    Framing::AwsChunked(Algorithm::Crc64Nvme),
];

/// Sends one frame, lets `meddle` have the file, then sends the rest: which must fail with
/// `expected`, without the last frame, whatever the framing.
async fn sending_fails(expected: Change, meddle: impl Fn(&Sample)) {
    for framing in FRAMINGS {
        let sample = Sample::new(SIZE as usize);
        let source = sample.open();
        let (mut body, sending) = source.body(0..SIZE, framing).unwrap();
        while sending.sent() == 0 {
            body.frame().await.unwrap().unwrap();
        }
        meddle(&sample);

        let changed = SourceError::Changed {
            origin: source.origin().clone(),
            change: expected,
        };
        assert_eq!(drain(body).await.1.as_ref(), Some(&changed), "{framing:?}");
        assert!(sending.sent() < SIZE);
        assert!(!sending.finished());
        assert_eq!(sending.checksum(), None);
        assert_eq!(sending.failure().as_ref(), Some(&changed));

        assert_eq!(source.verify().as_ref(), Err(&changed));
        assert_eq!(source.read(0, 1).as_ref(), Err(&changed));
        assert_eq!(
            source.checksum(Algorithm::Crc32, 0..1).as_ref(),
            Err(&changed)
        );
        assert_eq!(
            source.body(0..0, framing).map(|_| ()).as_ref(),
            Err(&changed)
        );
    }
}

#[tokio::test]
async fn overwriting_in_place() {
    sending_fails(Change::Contents, |sample| {
        sample.writable().write_all(b"other").unwrap();
    })
    .await;
}

#[tokio::test]
async fn overwriting_bytes_that_were_already_sent_and_setting_the_time_back() {
    sending_fails(Change::Inode, |sample| {
        let mut file = sample.writable();
        let before = file.metadata().unwrap().modified().unwrap();
        file.write_all(b"other").unwrap();
        file.set_modified(before).unwrap();
    })
    .await;
}

#[tokio::test]
async fn appending() {
    let to = SIZE + 4;
    sending_fails(Change::Size { from: SIZE, to }, |sample| {
        let mut file = sample.writable();
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"more").unwrap();
    })
    .await;
}

#[tokio::test]
async fn truncating_below_what_was_sent() {
    sending_fails(Change::Size { from: SIZE, to: 0 }, |sample| {
        sample.writable().set_len(0).unwrap();
    })
    .await;
}

#[tokio::test]
async fn truncating_by_the_last_byte() {
    let to = SIZE - 1;
    sending_fails(Change::Size { from: SIZE, to }, |sample| {
        sample.writable().set_len(to).unwrap();
    })
    .await;
}

#[tokio::test]
async fn touching() {
    sending_fails(Change::Contents, Sample::touch).await;
}

#[tokio::test]
async fn deleting() {
    sending_fails(Change::Vanished, |sample| {
        std::fs::remove_file(sample.path()).unwrap();
    })
    .await;
}

#[tokio::test]
async fn renaming_another_file_over_it() {
    sending_fails(Change::Vanished, |sample| {
        std::fs::write(sample.sibling("other"), &sample.data).unwrap();
        std::fs::rename(sample.sibling("other"), sample.path()).unwrap();
    })
    .await;
}

#[tokio::test]
async fn renaming_it_away() {
    sending_fails(Change::Inode, |sample| {
        std::fs::rename(sample.path(), sample.sibling("elsewhere")).unwrap();
    })
    .await;
}

#[tokio::test]
async fn changing_its_mode() {
    sending_fails(Change::Inode, |sample| {
        std::fs::set_permissions(sample.path(), PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::set_permissions(sample.path(), PermissionsExt::from_mode(0o640)).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_change_before_the_first_frame_withholds_a_file_of_one_frame() {
    for framing in FRAMINGS {
        let sample = Sample::new(5);
        let (body, sending) = sample.open().body(0..5, framing).unwrap();
        sample.writable().write_all(b"other").unwrap();
        let (_, error) = drain(body).await;
        assert!(matches!(
            error,
            Some(SourceError::Changed {
                change: Change::Contents,
                ..
            })
        ));
        assert_eq!(sending.sent(), 0);
    }
}

#[tokio::test]
async fn a_part_fails_too_when_another_part_of_the_file_changes() {
    let sample = Sample::new(SIZE as usize);
    let (body, _) = sample.open().body(0..10, FRAMINGS[0]).unwrap();
    let mut file = sample.writable();
    file.seek(SeekFrom::End(-1)).unwrap();
    file.write_all(b"!").unwrap();
    let (sent, error) = drain(body).await;
    assert_eq!(sent, b"");
    assert!(matches!(error, Some(SourceError::Changed { .. })));
}

#[tokio::test]
async fn reading_it_is_no_change() {
    let sample = Sample::new(SIZE as usize);
    let source = sample.open();
    let (body, _) = source.body(0..SIZE, FRAMINGS[0]).unwrap();
    assert!(std::fs::read(sample.path()).unwrap() == sample.data);
    assert_eq!(drain(body).await.1, None);
    assert_eq!(source.verify(), Ok(()));
}

#[test]
fn a_second_look_at_an_unchanged_file_has_the_same_fingerprint() {
    let sample = Sample::new(10);
    assert_eq!(sample.open().fingerprint(), sample.open().fingerprint());
}
