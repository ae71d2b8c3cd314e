//! A file to send, and ways to look at what was sent.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use http_body::Body as _;
use http_body_util::BodyExt as _;
use sealift_payload::{FileBody, Source, SourceError};
use tempfile::TempDir;

/// The crate's frame and chunk sizes, as far as tests aim at their edges.
pub(crate) const FRAME: usize = 64 * 1024;
pub(crate) const CHUNK: usize = 1024 * 1024;

/// A file of a directory of its own, last written an hour ago.
pub(crate) struct Sample {
    directory: TempDir,
    pub(crate) data: Vec<u8>,
}

impl Sample {
    pub(crate) fn new(length: usize) -> Self {
        let sample = Self {
            directory: TempDir::new().unwrap(),
            data: (0..length)
                .map(|index| (index * 7 + index / 251) as u8)
                .collect(),
        };
        std::fs::write(sample.path(), &sample.data).unwrap();
        let an_hour_ago = SystemTime::now() - Duration::from_hours(1);
        sample.writable().set_modified(an_hour_ago).unwrap();
        sample
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("sample")
    }

    pub(crate) fn sibling(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn open(&self) -> Source {
        Source::open(&self.path()).unwrap()
    }

    pub(crate) fn touch(&self) {
        self.writable().set_modified(SystemTime::now()).unwrap();
    }

    pub(crate) fn writable(&self) -> std::fs::File {
        std::fs::File::options()
            .write(true)
            .open(self.path())
            .unwrap()
    }
}

/// Runs the body to its end or its error, and checks on the way that the size it announces is
/// exact.
pub(crate) async fn drain(mut body: FileBody) -> (Vec<u8>, Option<SourceError>) {
    let mut sent = Vec::new();
    let announced = body.size_hint().exact().unwrap();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => sent.extend(frame.into_data().unwrap()),
            Err(error) => {
                assert!(
                    (sent.len() as u64) < announced,
                    "a failed body looks complete"
                );
                assert!(!body.is_end_stream());
                assert!(body.frame().await.is_none(), "the error is the end");
                return (sent, Some(error));
            }
        }
        assert_eq!(
            body.size_hint().exact(),
            Some(announced - sent.len() as u64)
        );
        assert_eq!(body.is_end_stream(), announced == sent.len() as u64);
    }
    assert_eq!(sent.len() as u64, announced);
    assert!(body.is_end_stream());
    (sent, None)
}

/// An `aws-chunked` body, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) payload: Vec<u8>,
    pub(crate) chunks: Vec<usize>,
    pub(crate) trailer: String,
}

pub(crate) fn decode(mut encoded: &[u8]) -> Decoded {
    let mut payload = Vec::new();
    let mut chunks = Vec::new();
    loop {
        let size = usize::from_str_radix(&line(&mut encoded), 16).unwrap();
        if size == 0 {
            break;
        }
        payload.extend(&encoded[..size]);
        encoded = &encoded[size..];
        chunks.push(size);
        assert_eq!(line(&mut encoded), "");
    }
    let trailer = line(&mut encoded);
    assert_eq!(line(&mut encoded), "");
    assert!(encoded.is_empty(), "nothing may follow the trailer");
    Decoded {
        payload,
        chunks,
        trailer,
    }
}

fn line(rest: &mut &[u8]) -> String {
    let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
    let line = String::from_utf8(rest[..end].to_vec()).unwrap();
    *rest = &rest[end + 2..];
    line
}
