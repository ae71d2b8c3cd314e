//! Streams go through bounded space, piece by piece, and without a trace.

use std::io;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::BodyExt as _;
use proptest::prelude::*;
use sealift_payload::{Algorithm, Framing, Payload, SourceError, SpoolError, Stream};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf};

use crate::support::{FRAME, drain};

const RAW: Framing = Framing::Raw { checksum: None };
const MIB: u64 = 1024 * 1024;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 253) as u8).collect()
}

fn is_empty(directory: &TempDir) -> bool {
    std::fs::read_dir(directory.path())
        .unwrap()
        .next()
        .is_none()
}

async fn open(data: &[u8], directory: &TempDir, limit: u64) -> Stream {
    let reader = io::Cursor::new(data.to_vec());
    Stream::open(reader, directory.path(), limit).await.unwrap()
}

async fn acquire(stream: &Stream, length: u64) -> Option<Range<u64>> {
    stream
        .acquire(NonZeroU64::new(length).unwrap())
        .await
        .unwrap()
}

async fn refusal(stream: &Stream, length: u64) -> std::sync::Arc<SpoolError> {
    let length = NonZeroU64::new(length).unwrap();
    stream.acquire(length).await.unwrap_err()
}

async fn contents(stream: &Stream, range: Range<u64>) -> Vec<u8> {
    let payload = Payload::from(stream.clone());
    let (body, _) = payload.body(range, RAW).unwrap();
    let (sent, error) = drain(body).await;
    assert_eq!(error, None);
    sent
}

#[tokio::test]
async fn a_stream_that_fits_is_one_piece_and_leaves_no_name() {
    let directory = TempDir::new().unwrap();
    for length in [1, 1_000_003] {
        let data = pattern(length);
        let stream = open(&data, &directory, 8 * MIB).await;
        assert_eq!(stream.len(), None);
        let all = acquire(&stream, 8 * MIB).await.unwrap();
        assert_eq!(all, 0..length as u64);
        assert_eq!(stream.len(), Some(length as u64));
        assert!(is_empty(&directory));
        assert!(contents(&stream, all.clone()).await == data);
        let payload = Payload::from(stream.clone());
        assert_eq!(
            payload.checksum(Algorithm::Crc64Nvme, all.clone()),
            Ok(Algorithm::Crc64Nvme.checksum(&data))
        );
        assert_eq!(payload.read(0, 1).unwrap(), data[..1]);
        assert_eq!(acquire(&stream, 1).await, None);
    }
}

#[tokio::test]
async fn an_empty_stream_has_no_piece_and_an_empty_body() {
    let directory = TempDir::new().unwrap();
    let stream = open(b"", &directory, MIB).await;
    assert_eq!(acquire(&stream, 10).await, None);
    assert_eq!(stream.len(), Some(0));
    assert_eq!(contents(&stream, 0..0).await, b"");
}

#[tokio::test]
async fn the_end_at_the_end_of_a_piece_is_seen_with_the_next() {
    let directory = TempDir::new().unwrap();
    let stream = open(&pattern(10), &directory, 8 * MIB).await;
    assert_eq!(acquire(&stream, 10).await, Some(0..10));
    assert_eq!(stream.len(), None);
    assert_eq!(acquire(&stream, 10).await, None);
    assert_eq!(stream.len(), Some(10));
}

#[tokio::test]
async fn an_endless_stream_goes_through_the_room_of_its_pieces() {
    let directory = TempDir::new().unwrap();
    let stream = Stream::open(tokio::io::repeat(7), directory.path(), 16 * MIB)
        .await
        .unwrap();
    let mut last = acquire(&stream, 8 * MIB).await.unwrap();
    for _ in 0..8 {
        let next = acquire(&stream, 8 * MIB).await.unwrap();
        assert_eq!(next, last.end..last.end + 8 * MIB);
        stream.release(last).await;
        last = next;
    }
    let frames = contents(&stream, last.end - 100..last.end).await;
    assert_eq!(frames, [7; 100]);
}

#[tokio::test]
async fn where_there_is_room_for_less_a_piece_is_shorter_and_later_there_is_none() {
    let directory = TempDir::new().unwrap();
    let stream = open(&pattern(20 << 20), &directory, 14 * MIB).await;
    let first = acquire(&stream, 8 * MIB).await.unwrap();
    assert_eq!(acquire(&stream, 8 * MIB).await, Some(8 * MIB..14 * MIB));
    let error = refusal(&stream, 8 * MIB).await;
    assert!(matches!(*error, SpoolError::NoRoom { held, limit } if held == limit));
    assert!(stream.failure().is_none(), "it is no failure of the stream");

    stream.release(first).await;
    assert_eq!(acquire(&stream, 8 * MIB).await, Some(14 * MIB..20 * MIB));
    assert_eq!(stream.len(), Some(20 * MIB));
}

#[tokio::test]
async fn a_limit_below_every_useful_piece_is_met_to_the_byte() {
    let directory = TempDir::new().unwrap();
    for limit in [5_usize, 600_000] {
        let stream = open(&pattern(limit), &directory, limit as u64).await;
        assert_eq!(acquire(&stream, 8 * MIB).await, Some(0..limit as u64));
        assert_eq!(stream.len(), Some(limit as u64));

        let stream = open(&pattern(limit + 1), &directory, limit as u64).await;
        let error = refusal(&stream, 8 * MIB).await;
        assert!(matches!(*error, SpoolError::TooLarge { limit: told } if told == limit as u64));
        let again = stream.failure().unwrap();
        assert!(matches!(*again, SpoolError::TooLarge { .. }));
    }
}

#[tokio::test]
async fn a_component_that_acquires_byte_by_byte_is_stopped() {
    let directory = TempDir::new().unwrap();
    let stream = Stream::open(tokio::io::repeat(1), directory.path(), 16 * MIB)
        .await
        .unwrap();
    for _ in 0..1024 {
        acquire(&stream, 1).await.unwrap();
    }
    let error = refusal(&stream, 1).await;
    assert!(matches!(*error, SpoolError::NoRoom { held: 1024, .. }));
}

#[tokio::test]
async fn what_was_released_is_an_error_and_never_zeros() {
    let directory = TempDir::new().unwrap();
    let stream = open(&pattern(40), &directory, 8 * MIB).await;
    let first = acquire(&stream, 10).await.unwrap();
    acquire(&stream, 10).await.unwrap();
    stream.release(first).await;

    let payload = Payload::from(stream);
    let gone = |range: Range<u64>| SourceError::Released {
        origin: sealift_payload::Origin::Stream,
        range,
    };
    assert_eq!(payload.body(0..20, RAW).map(drop), Err(gone(0..20)));
    assert_eq!(payload.checksum(Algorithm::Crc32, 9..11), Err(gone(9..11)));
    assert_eq!(payload.read(0, 5), Err(gone(0..1)));
    assert_eq!(payload.read(10, 50).unwrap(), pattern(40)[10..20]);
    let beyond = payload.body(15..21, RAW).map(drop).unwrap_err();
    assert!(matches!(beyond, SourceError::OutOfRange { size: 20, .. }));
}

#[tokio::test]
async fn a_body_whose_range_is_released_ends_with_an_error() {
    let directory = TempDir::new().unwrap();
    let stream = open(&pattern(4 * FRAME), &directory, 8 * MIB).await;
    let all = acquire(&stream, MIB).await.unwrap();
    let (mut body, sending) = Payload::from(stream.clone())
        .body(all.clone(), RAW)
        .unwrap();
    body.frame().await.unwrap().unwrap();
    stream.release(all).await;
    let (sent, error) = drain(body).await;
    assert!(sent.is_empty(), "a hole was sent for bytes");
    assert!(matches!(error, Some(SourceError::Released { .. })));
    assert!(!sending.finished());
}

#[tokio::test]
async fn streams_of_the_same_bytes_have_different_fingerprints() {
    let directory = TempDir::new().unwrap();
    let (one, other) = (
        Payload::from(open(b"x", &directory, 10).await),
        Payload::from(open(b"x", &directory, 10).await),
    );
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert_eq!(one.fingerprint(), one.clone().fingerprint());
    assert!(one.fingerprint().len() <= 128);
}

/// Gives some bytes, then fails.
struct Broken(&'static [u8]);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

#[tokio::test]
async fn a_broken_stream_is_no_shorter_stream() {
    let directory = TempDir::new().unwrap();
    let stream = Stream::open(Broken(b"half"), directory.path(), MIB)
        .await
        .unwrap();
    for _ in 0..2 {
        let error = refusal(&stream, 100).await;
        assert!(
            matches!(&*error, SpoolError::Read { read: 4, source } if source.kind() == io::ErrorKind::ConnectionReset)
        );
    }
    assert_eq!(stream.len(), None);
    assert!(is_empty(&directory));
}

#[tokio::test]
async fn an_absent_directory_is_named() {
    let absent = Path::new("/nonexistent/spool");
    let error = Stream::open(tokio::io::empty(), absent, 100)
        .await
        .unwrap_err();
    assert!(matches!(error, SpoolError::Write { directory, source }
        if directory == absent && source.kind() == io::ErrorKind::NotFound));
}

#[tokio::test]
async fn cancelling_leaves_nothing_behind_and_no_shorter_stream() {
    let directory = TempDir::new().unwrap();
    let (mut writer, reader) = tokio::io::duplex(1000);
    let stream = Stream::open(reader, directory.path(), 8 * MIB)
        .await
        .unwrap();
    {
        // Bounded by the 600 kB that the reader has to take before the writer is done.
        let data = pattern(600_000);
        let feeding = writer.write_all(&data);
        tokio::select! {
            _ = acquire(&stream, MIB) => panic!("the stream has not ended"),
            fed = feeding => fed.unwrap(),
        }
    }
    assert!(is_empty(&directory));
    let error = refusal(&stream, MIB).await;
    assert!(matches!(*error, SpoolError::Interrupted { read: 0 }));
    assert!(
        writer.write_all(b"more").await.is_err(),
        "the reader is gone"
    );
}

#[tokio::test]
async fn what_is_abandoned_is_not_waited_for() {
    let directory = TempDir::new().unwrap();
    let (mut writer, reader) = tokio::io::duplex(1000);
    let stream = Stream::open(reader, directory.path(), 8 * MIB)
        .await
        .unwrap();
    stream.abandon();
    let error = refusal(&stream, MIB).await;
    assert!(matches!(*error, SpoolError::Interrupted { read: 0 }));
    assert!(
        writer.write_all(b"more").await.is_err(),
        "the reader is gone"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_pieces_are_the_stream(length in 0..400_000_usize, piece in 1..150_000_u64, release: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let directory = TempDir::new().unwrap();
            let data = pattern(length);
            let stream = open(&data, &directory, 8 * MIB).await;
            let mut all = Vec::new();
            // 1024 pieces at most are held, and 400,000 bytes are more than that if pieces are tiny.
            let piece = piece.max(length as u64 / 1000 + 1);
            while let Some(range) = acquire(&stream, piece).await {
                assert_eq!(range.start, all.len() as u64);
                all.extend(contents(&stream, range.clone()).await);
                if release {
                    stream.release(range).await;
                }
            }
            assert_eq!(stream.len(), Some(length as u64));
            assert!(all == data);
        });
    }
}
