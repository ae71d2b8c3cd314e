//! What a server sees of a body that hyper sends.

use http::Request;
use http::header::{CONTENT_LENGTH, HOST};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use sealift_payload::{Algorithm, Framing, Sending, Source, SourceError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::support::{CHUNK, FRAME, Sample, decode};

/// Puts the whole source; answers what the client reports, what the server received as body, and
/// the observer.
async fn put(
    source: &Source,
    framing: Framing,
    meddle: impl FnOnce(),
) -> (hyper::Result<()>, Vec<u8>, Sending) {
    let (client, server) = tokio::io::duplex(FRAME);
    let (mut sender, connection) = http1::handshake(TokioIo::new(client)).await.unwrap();
    let (body, sending) = source.body(0..source.len(), framing).unwrap();
    let request = Request::put("/key")
        .header(HOST, "example")
        .body(body)
        .unwrap();
    let sent = sender.send_request(request);
    let (_, outcome, received) = tokio::join!(
        connection,
        async {
            let outcome = sent.await.map(|_| ());
            drop(sender);
            outcome
        },
        receive(server, meddle)
    );
    (outcome, received, sending)
}

/// Reads the head, meddles, then reads as much body as was promised, or as comes.
async fn receive(mut stream: DuplexStream, meddle: impl FnOnce()) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let promised = header(&head, CONTENT_LENGTH.as_str()).map_or(0, |value| value.parse().unwrap());
    meddle();
    let mut received = Vec::new();
    let complete = (&mut stream)
        .take(promised)
        .read_to_end(&mut received)
        .await
        .unwrap() as u64
        == promised;
    if complete {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
    }
    received
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields
        .into_iter()
        .find_map(|(field, value)| field.eq_ignore_ascii_case(name).then_some(value))
}

#[tokio::test]
async fn a_body_arrives_with_its_content_length() {
    let sample = Sample::new(CHUNK + 3 * FRAME + 1);
    let source = sample.open();
    let (outcome, received, sending) = put(&source, Framing::Raw { checksum: None }, || {}).await;
    outcome.unwrap();
    assert!(received == sample.data);
    assert!(sending.finished());

    let (outcome, received, sending) =
        put(&source, Framing::AwsChunked(Algorithm::Crc64Nvme), || {}).await;
    outcome.unwrap();
    assert!(decode(&received).payload == sample.data);
    assert_eq!(
        sending.checksum(),
        Some(Algorithm::Crc64Nvme.checksum(&sample.data))
    );
}

#[tokio::test]
async fn an_empty_body_arrives() {
    let sample = Sample::new(0);
    let source = sample.open();
    let (outcome, received, sending) = put(&source, Framing::Raw { checksum: None }, || {}).await;
    outcome.unwrap();
    assert!(received.is_empty());
    assert!(sending.finished());
}

#[tokio::test]
async fn the_connection_is_cut_short_when_the_file_changes() {
    for framing in [
        Framing::Raw { checksum: None },
        Framing::AwsChunked(Algorithm::Crc64Nvme),
    ] {
        // More than hyper and the pipe hold, so that there is something left to read after the
        // change.
        let sample = Sample::new(3 * CHUNK);
        let source = sample.open();
        let touch = || sample.touch();
        let (outcome, received, sending) = put(&source, framing, touch).await;
        let error = outcome.unwrap_err();
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
        assert_eq!(cause, sending.failure().as_ref());
        assert!(matches!(cause, Some(SourceError::Changed { .. })));
        assert!(
            received.len() < sample.data.len(),
            "the last frame was withheld"
        );
    }
}
