//! Bodies that are not what they should be, and that nothing of them is left.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::{Cloud, Payload, Response, S3, aws_chunked, crc64nvme};
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const CHUNKED: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// Every file below the bucket and among the bodies on their way in.
fn files(cloud: &Cloud) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut left = vec![
        cloud.dir.path().join("s3"),
        cloud.dir.path().join(".meta/incoming"),
    ];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

async fn send(s3: &S3, request: Request<bytes::Bytes>) -> Response {
    s3.client.send(request).await.unwrap()
}

/// Puts `body` as aws-chunked with a CRC64NVME trailer of some value.
async fn put_chunked(s3: &S3, path: &str, body: &[u8], announced: &str, trailer: &str) -> Response {
    let length = body.len().to_string();
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", length.as_str()),
        ("x-amz-trailer", announced),
    ];
    let body = aws_chunked(body, trailer);
    send(
        s3,
        s3.sign("PUT", path, &headers, &body, Payload::As(CHUNKED)),
    )
    .await
}

#[tokio::test]
async fn every_checksum_algorithm_is_verified_and_returned() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    // Of "hello", by coreutils, zlib and the CRC catalogue's parameters.
    let cases = [
        ("x-amz-checksum-crc32", "NhCmhg==", "AAAAAA=="),
        ("x-amz-checksum-crc32c", "mnG7TA==", "AAAAAA=="),
        (
            "x-amz-checksum-sha1",
            "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
        (
            "x-amz-checksum-sha256",
            "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
        (
            "x-amz-checksum-crc64nvme",
            &crc64nvme(b"hello"),
            "AAAAAAAAAAA=",
        ),
    ];
    for (name, right, wrong) in cases {
        let bad = s3
            .call("PUT", "/demo/bad", &[(name, wrong)], b"hello")
            .await;
        assert_eq!(bad.error(), (400, "BadDigest"), "{name}");
        assert!(files(&cloud).is_empty());
        let malformed = s3.call("PUT", "/demo/bad", &[(name, "no")], b"hello").await;
        assert_eq!(malformed.error(), (400, "InvalidRequest"), "{name}");
        let good = s3
            .call("PUT", "/demo/good", &[(name, right)], b"hello")
            .await;
        assert_eq!((good.status.as_u16(), good.header(name)), (200, right));
        assert_eq!(s3.call("DELETE", "/demo/good", &[], b"").await.status, 204);
    }
}

#[tokio::test]
async fn content_md5_is_verified() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let put = |md5: &'static str| {
        let s3 = s3.clone();
        async move {
            s3.call("PUT", "/demo/a", &[("content-md5", md5)], b"hello")
                .await
        }
    };
    assert_eq!(
        put("AAAAAAAAAAAAAAAAAAAAAA==").await.error(),
        (400, "BadDigest")
    );
    assert_eq!(put("short").await.error(), (400, "InvalidDigest"));
    assert!(files(&cloud).is_empty());
    let good = put("XUFAKrxLKna5cZ2REBfFkg==").await;
    assert_eq!(good.header("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
}

#[tokio::test]
async fn a_checksum_in_the_trailer_is_verified() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let body = vec![7; 300_000];
    let name = "x-amz-checksum-crc64nvme";
    let wrong = put_chunked(&s3, "/demo/a", &body, name, &format!("{name}:AAAAAAAAAAA=")).await;
    assert_eq!(wrong.error(), (400, "BadDigest"));
    let missing = put_chunked(&s3, "/demo/a", &body, name, "").await;
    assert_eq!(missing.error(), (400, "MalformedTrailerError"));
    assert!(files(&cloud).is_empty());
    let right = format!("{name}:{}", crc64nvme(&body));
    let right = put_chunked(&s3, "/demo/a", &body, name, &right).await;
    assert_eq!(
        (right.status.as_u16(), right.header(name)),
        (200, crc64nvme(&body).as_str())
    );
    let got = s3.get("/demo/a").await;
    assert_eq!(got.body, body);
    assert!(!got.headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn chunks_that_do_not_add_up_are_an_incomplete_body() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let trailer = format!("x-amz-checksum-crc64nvme:{}", crc64nvme(b"hello"));
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "6"),
        ("x-amz-trailer", "x-amz-checksum-crc64nvme"),
    ];
    let body = aws_chunked(b"hello", &trailer);
    let response = send(
        &s3,
        s3.sign("PUT", "/demo/a", &headers, &body, Payload::As(CHUNKED)),
    )
    .await;
    assert_eq!(response.error(), (400, "IncompleteBody"));
    assert!(files(&cloud).is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_the_signed_one_is_refused() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let request = s3.sign("PUT", "/demo/a", &[], b"hello", Payload::Signed);
    let request = request.map(|_| bytes::Bytes::from_static(b"jello"));
    assert_eq!(
        send(&s3, request).await.error(),
        (400, "XAmzContentSHA256Mismatch")
    );
    assert!(files(&cloud).is_empty());
}

#[tokio::test]
async fn an_unsigned_payload_is_taken_over_tls() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let request = s3.sign("PUT", "/demo/a", &[], b"hello", Payload::Unsigned);
    assert_eq!(send(&s3, request).await.status, 200);
}

/// The head of an HTTP/1.1 request, for clients with manners of their own.
fn head(request: &Request<bytes::Bytes>) -> String {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        write!(text, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    text + "\r\n"
}

#[tokio::test]
async fn a_body_cut_short_leaves_the_old_object() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    s3.put("/demo/a", b"old").await;
    let headers = [("content-length", "5000000")];
    let request = s3.sign("PUT", "/demo/a", &headers, b"", Payload::Unsigned);
    let mut stream = s3.client.connect().await.unwrap();
    stream.write_all(head(&request).as_bytes()).await.unwrap();
    stream.write_all(&vec![1; 3_000_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = vec![];
    // Whatever the answer is, the connection ends.
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(s3.get("/demo/a").await.body, "old");
    // The server may notice after the client that the connection is gone.
    let deadline = Instant::now() + Duration::from_secs(10);
    while files(&cloud).len() > 1 {
        assert!(Instant::now() < deadline, "{:?}", files(&cloud));
        tokio::task::yield_now().await;
    }
    assert_eq!(cloud.cloud.counts().objects_put, 1);
}

#[tokio::test]
async fn a_client_that_sends_everything_first_still_hears_why_it_was_refused() {
    let cloud = Cloud::start().await;
    let s3 = cloud.s3().await;
    let mut stranger = s3.clone();
    stranger.credentials.session_token = "other".to_owned();
    for (s3, path, code) in [
        (&s3, "/nobucket/a", "NoSuchBucket"),
        (&stranger, "/demo/a", "InvalidToken"),
    ] {
        let headers = [("content-length", "20000000"), ("connection", "close")];
        let request = s3.sign("PUT", path, &headers, b"", Payload::Unsigned);
        let mut stream = s3.client.connect().await.unwrap();
        stream.write_all(head(&request).as_bytes()).await.unwrap();
        stream.write_all(&vec![1; 20_000_000]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains(&format!("<Code>{code}</Code>")), "{answer}");
    }
}
