//! What can be a source, and reading from it.

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::Errno;
use sealift_payload::{FileKind, Origin, READ_LIMIT, Source, SourceError};

use crate::support::Sample;

/// Opens on another thread, so that a hang fails the test instead of stopping it.
fn refusal(path: &Path) -> SourceError {
    let (answer, answered) = mpsc::channel();
    let path = path.to_owned();
    std::thread::spawn(move || answer.send(Source::open(&path)));
    let opened = answered
        .recv_timeout(Duration::from_secs(20))
        .expect("opening does not wait");
    opened.unwrap_err()
}

fn irregular(path: &Path, kind: FileKind) -> SourceError {
    SourceError::NotRegular {
        origin: Origin::File(path.to_owned()),
        kind,
    }
}

#[test]
fn a_fifo_without_a_writer_is_refused_at_once() {
    let sample = Sample::new(0);
    let path = sample.sibling("fifo");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let error = refusal(&path);
    assert_eq!(error, irregular(&path, FileKind::Fifo));
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is a named pipe, not a regular file; pipe its data through standard input",
            path.display()
        )
    );
}

#[test]
fn directories_sockets_and_devices_are_refused() {
    let sample = Sample::new(0);
    let socket = sample.sibling("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    let directory = socket.parent().unwrap();
    let device = Path::new("/dev/null");
    assert_eq!(refusal(&socket), irregular(&socket, FileKind::Socket));
    assert_eq!(
        refusal(directory),
        irregular(directory, FileKind::Directory)
    );
    assert_eq!(
        refusal(device),
        irregular(device, FileKind::CharacterDevice)
    );
}

#[test]
fn a_file_of_proc_is_not_sent_as_an_empty_object() {
    let path = PathBuf::from("/proc/version");
    assert_eq!(
        refusal(&path),
        SourceError::Sizeless {
            origin: Origin::File(path)
        }
    );
}

#[test]
fn an_absent_file_is_named() {
    let sample = Sample::new(0);
    let origin = Origin::File(sample.sibling("absent"));
    let source = Errno::NOENT;
    assert_eq!(
        refusal(&sample.sibling("absent")),
        SourceError::Open { origin, source }
    );
}

#[test]
fn symbolic_links_are_followed() {
    let sample = Sample::new(10);
    let link = sample.sibling("link");
    std::os::unix::fs::symlink(sample.path(), &link).unwrap();
    let source = Source::open(&link).unwrap();
    assert_eq!(source.fingerprint(), sample.open().fingerprint());
    assert_eq!(source.origin(), &Origin::File(link));
}

#[test]
fn a_read_is_cut_at_the_end_and_at_the_limit() {
    let sample = Sample::new(READ_LIMIT + 10);
    let source = sample.open();
    assert_eq!(source.read(3, 4).unwrap(), sample.data[3..7]);
    assert!(source.read(0, usize::MAX).unwrap() == sample.data[..READ_LIMIT]);
    assert!(source.read(source.len() - 5, 100).unwrap() == sample.data[READ_LIMIT + 5..]);
    assert!(source.read(source.len(), 1).unwrap().is_empty());
    assert!(matches!(
        source.read(source.len() + 1, 1),
        Err(SourceError::OutOfRange { .. })
    ));
}
