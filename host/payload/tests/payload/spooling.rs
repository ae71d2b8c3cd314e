//! Streams become files, within their limit and without a trace.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use sealift_payload::{Algorithm, Framing, Origin, Source, SpoolError, spool};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

use crate::support::drain;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 253) as u8).collect()
}

fn is_empty(directory: &TempDir) -> bool {
    std::fs::read_dir(directory.path())
        .unwrap()
        .next()
        .is_none()
}

async fn contents(source: &Source) -> Vec<u8> {
    let (body, _) = source
        .body(0..source.len(), Framing::Raw { checksum: None })
        .unwrap();
    let (sent, error) = drain(body).await;
    assert_eq!(error, None);
    sent
}

#[tokio::test]
async fn a_stream_becomes_a_source_and_leaves_no_name() {
    let directory = TempDir::new().unwrap();
    for length in [0, 1, 1_000_003] {
        let data = pattern(length);
        let source = spool(&data[..], directory.path(), data.len() as u64)
            .await
            .unwrap();
        assert!(is_empty(&directory));
        assert_eq!(source.origin(), &Origin::Stream);
        assert_eq!(source.len(), data.len() as u64);
        assert!(contents(&source).await == data);
        assert_eq!(source.verify(), Ok(()));
        assert_eq!(
            source.checksum(Algorithm::Crc64Nvme, 0..source.len()),
            Ok(Algorithm::Crc64Nvme.checksum(&data))
        );
    }
}

#[tokio::test]
async fn a_stream_one_byte_over_the_limit_is_refused() {
    let directory = TempDir::new().unwrap();
    for limit in [0, 5, 600_000] {
        let data = pattern(limit + 1);
        let error = spool(&data[..], directory.path(), limit as u64)
            .await
            .unwrap_err();
        assert!(matches!(error, SpoolError::TooLarge { limit: told } if told == limit as u64));
        assert!(is_empty(&directory));
    }
}

#[tokio::test]
async fn an_endless_stream_is_refused_in_time() {
    let directory = TempDir::new().unwrap();
    let error = spool(tokio::io::repeat(1), directory.path(), 1_000_000)
        .await
        .unwrap_err();
    assert!(matches!(error, SpoolError::TooLarge { limit: 1_000_000 }));
}

#[tokio::test]
async fn a_stream_can_be_taken_in_pieces() {
    let directory = TempDir::new().unwrap();
    let data = pattern(25);
    let mut stream = &data[..];
    let mut lengths = Vec::new();
    let mut all = Vec::new();
    loop {
        let piece = spool((&mut stream).take(10), directory.path(), 10)
            .await
            .unwrap();
        lengths.push(piece.len());
        all.extend(contents(&piece).await);
        if piece.len() < 10 {
            break;
        }
    }
    assert_eq!(lengths, [10, 10, 5]);
    assert_eq!(all, data);
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
    let error = spool(Broken(b"half"), directory.path(), 100)
        .await
        .unwrap_err();
    assert!(
        matches!(error, SpoolError::Read { read: 4, source } if source.kind() == io::ErrorKind::ConnectionReset)
    );
    assert!(is_empty(&directory));
}

#[tokio::test]
async fn an_absent_directory_is_named() {
    let directory = TempDir::new().unwrap();
    let absent = directory.path().join("absent");
    let error = spool(&b"data"[..], &absent, 100).await.unwrap_err();
    assert!(matches!(error, SpoolError::Write { directory, source }
        if directory == absent && source.kind() == io::ErrorKind::NotFound));
}

#[tokio::test]
async fn cancelling_leaves_nothing_behind() {
    let directory = TempDir::new().unwrap();
    let (mut writer, reader) = tokio::io::duplex(1000);
    {
        let spooling = spool(reader, directory.path(), u64::MAX);
        // Bounded by the 600 kB that the reader has to take before the writer is done.
        let data = pattern(600_000);
        let feeding = writer.write_all(&data);
        tokio::pin!(spooling);
        tokio::select! {
            _ = &mut spooling => panic!("the stream has not ended"),
            fed = feeding => fed.unwrap(),
        }
        assert!(is_empty(&directory), "nor is there anything while it lasts");
    }
    assert!(is_empty(&directory));
    assert!(
        writer.write_all(b"more").await.is_err(),
        "the reader is gone"
    );
}
