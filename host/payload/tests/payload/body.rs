//! Bodies carry exactly the bytes they should.

use std::ops::Range;

use http_body::Body as _;
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use sealift_payload::{Algorithm, Framing, SourceError};

use crate::support::{CHUNK, FRAME, Sample, decode, drain};

const RAW: Framing = Framing::Raw { checksum: None };

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn size(range: &Range<usize>) -> u64 {
    range.len() as u64
}

fn wide(range: &Range<usize>) -> Range<u64> {
    range.start as u64..range.end as u64
}

/// Positions up to `limit`, half of them next to an edge of a frame or a chunk.
fn position(limit: usize) -> impl Strategy<Value = usize> {
    let edge = (0..=limit / FRAME, 0..3usize)
        .prop_map(|(frames, offset)| (frames * FRAME + offset).saturating_sub(1));
    prop_oneof![0..=limit, edge].prop_map(move |position| position.min(limit))
}

fn range(limit: usize) -> impl Strategy<Value = Range<usize>> {
    (position(limit), position(limit)).prop_map(|(one, other)| one.min(other)..one.max(other))
}

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(Algorithm::ALL.to_vec())
}

#[test]
fn any_range_arrives_as_it_is_in_both_framings() {
    let sample = Sample::new(2 * CHUNK + 3 * FRAME);
    let source = sample.open();
    let ranges = range(sample.data.len());
    proptest!(ProptestConfig::with_cases(64), |(range in ranges, algorithm in algorithm())| {
        let expected = &sample.data[range.clone()];
        let checksum = algorithm.checksum(expected);
        prop_assert_eq!(source.checksum(algorithm, wide(&range)), Ok(checksum));

        let framing = Framing::Raw { checksum: Some(algorithm) };
        let (body, sending) = source.body(wide(&range), framing).unwrap();
        let (sent, error) = block_on(drain(body));
        prop_assert_eq!(error, None);
        prop_assert!(sent == expected);
        prop_assert_eq!((sending.sent(), sending.checksum()), (size(&range), Some(checksum)));

        let framing = Framing::AwsChunked(algorithm);
        let (body, sending) = source.body(wide(&range), framing).unwrap();
        let (sent, error) = block_on(drain(body));
        prop_assert_eq!(error, None);
        let decoded = decode(&sent);
        prop_assert!(decoded.payload == expected);
        prop_assert_eq!(decoded.trailer, format!("{}:{checksum}", algorithm.header()));
        prop_assert_eq!((sending.sent(), sending.checksum()), (size(&range), Some(checksum)));
    });
}

#[tokio::test]
async fn every_chunk_but_the_last_is_one_mebibyte() {
    let sample = Sample::new(2 * CHUNK + 5);
    let source = sample.open();
    let (body, _) = source
        .body(0..source.len(), Framing::AwsChunked(Algorithm::Crc64Nvme))
        .unwrap();
    assert_eq!(decode(&drain(body).await.0).chunks, [CHUNK, CHUNK, 5]);
}

#[tokio::test]
async fn an_empty_file_is_complete_from_the_beginning_when_raw() {
    let sample = Sample::new(0);
    let framing = Framing::Raw {
        checksum: Some(Algorithm::Crc32),
    };
    let (body, sending) = sample.open().body(0..0, framing).unwrap();
    assert!(body.is_end_stream());
    assert!(sending.finished());
    assert_eq!(sending.checksum(), Some(Algorithm::Crc32.checksum(b"")));
    assert_eq!(drain(body).await, (vec![], None));
}

#[tokio::test]
async fn an_empty_file_has_a_trailer_when_chunked() {
    let sample = Sample::new(0);
    let (body, sending) = sample
        .open()
        .body(0..0, Framing::AwsChunked(Algorithm::Crc32))
        .unwrap();
    assert!(!body.is_end_stream());
    assert!(!sending.finished());
    let (sent, error) = drain(body).await;
    assert_eq!(error, None);
    assert_eq!(sent, b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n");
    assert!(sending.finished());
}

#[tokio::test]
async fn the_observer_follows_the_body() {
    let sample = Sample::new(2 * FRAME + 1);
    let source = sample.open();
    let framing = Framing::Raw {
        checksum: Some(Algorithm::Sha256),
    };
    let (mut body, sending) = source.body(0..source.len(), framing).unwrap();
    for sent in [0, FRAME as u64, 2 * FRAME as u64] {
        assert_eq!(sending.sent(), sent);
        assert!(!sending.finished());
        assert_eq!(sending.checksum(), None);
        body.frame().await.unwrap().unwrap();
    }
    assert_eq!(sending.sent(), source.len());
    assert!(
        sending.finished(),
        "without a poll after the last byte, which hyper does not make"
    );
    assert_eq!(
        sending.checksum(),
        Some(Algorithm::Sha256.checksum(&sample.data))
    );
}

#[tokio::test]
async fn a_body_dropped_half_way_neither_failed_nor_finished() {
    let sample = Sample::new(2 * FRAME);
    let (mut body, sending) = sample.open().body(0..2 * FRAME as u64, RAW).unwrap();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert!(!sending.finished());
    assert_eq!(sending.failure(), None);
}

#[tokio::test]
async fn two_bodies_of_one_source_do_not_disturb_each_other() {
    let sample = Sample::new(4 * FRAME);
    let source = sample.open();
    let half = 2 * FRAME;
    let (mut first, _) = source.body(0..half as u64, RAW).unwrap();
    let (mut second, _) = source.body(half as u64..source.len(), RAW).unwrap();
    for start in [0, FRAME] {
        for (body, start) in [(&mut first, start), (&mut second, half + start)] {
            let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(data == sample.data[start..start + FRAME]);
        }
    }
}

#[tokio::test]
async fn bytes_evicted_from_the_page_cache_are_read_again() {
    let sample = Sample::new(20 * FRAME + 17);
    let file = sample.writable();
    file.sync_all().unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    let source = sample.open();
    let (body, _) = source.body(0..source.len(), RAW).unwrap();
    let (sent, error) = drain(body).await;
    assert_eq!(error, None);
    assert!(sent == sample.data);
}

#[test]
fn ranges_outside_the_file_are_refused() {
    let sample = Sample::new(10);
    let source = sample.open();
    #[expect(
        clippy::reversed_empty_ranges,
        reason = "this is the mistake to refuse"
    )]
    for range in [0..11, 11..11, 6..5, 0..u64::MAX] {
        let refused = Err(SourceError::OutOfRange {
            origin: source.origin().clone(),
            range: range.clone(),
            size: 10,
        });
        assert_eq!(source.checksum(Algorithm::Crc32, range.clone()), refused);
        assert_eq!(source.body(range, RAW).map(|_| ()), refused.map(|_| ()));
    }
}
