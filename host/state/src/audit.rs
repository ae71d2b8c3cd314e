//! The audit log: what was done with the device's key and with credentials.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::directory;

/// The log is put aside when it is this long, in bytes, and one begun anew; one that was put aside before
/// is gone then.
const LONGEST: u64 = 4 * 1024 * 1024;

/// The log's name when it was put aside.
const PUT_ASIDE: &str = "audit.1.jsonl";

/// An append-only file of JSON objects, one a line, each with `time` and `event`.
///
/// A line is on disk when [`Audit::record`] returns. What is recorded is public: names,
/// fingerprints, access key ids; never a secret.
#[derive(Debug)]
pub struct Audit {
    /// None where nothing can be kept: then events are in the service's log alone.
    path: Option<PathBuf>,
    turn: Mutex<()>,
}

/// Something that has to be accounted for.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A component asked for a signature by the device's key.
    Signature {
        /// What the signature is for, `roles-anywhere` for instance.
        purpose: String,
        /// The component's digest.
        component: String,
        /// The fingerprint of the certificate whose key it is.
        certificate: String,
        /// Why there was none; absent if there was one.
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
}

/// An event cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the audit log {}; free some space or make its directory writable", path.display())]
pub struct AuditError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

impl Audit {
    pub(crate) fn kept_in(path: PathBuf) -> Self {
        Self {
            path: Some(path),
            turn: Mutex::default(),
        }
    }

    /// An audit log that is not kept.
    pub fn unkept() -> Self {
        Self {
            path: None,
            turn: Mutex::default(),
        }
    }

    /// Records an event. Blocks until it is on disk.
    ///
    /// # Errors
    /// The event is not recorded: what it is about should not be done.
    pub fn record(&self, event: &Event, now: SystemTime) -> Result<(), AuditError> {
        tracing::info!(target: "audit", event = ?event, "audit");
        let Some(path) = &self.path else {
            return Ok(());
        };
        let line = line(event, now);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        line.and_then(|line| append(path, &line))
            .map_err(|source| AuditError {
                path: path.clone(),
                source,
            })
    }
}

fn line(event: &Event, now: SystemTime) -> io::Result<Vec<u8>> {
    let time = OffsetDateTime::from(now)
        .format(&Rfc3339)
        .map_err(io::Error::other)?;
    let mut line = serde_json::to_vec(&Line { time, event })?;
    line.push(b'\n');
    Ok(line)
}

/// Writes the line in one piece, which other processes' lines cannot break up.
fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = open(path)?;
    if file.metadata()?.len() >= LONGEST {
        std::fs::rename(path, path.with_file_name(PUT_ASIDE))?;
        file = open(path)?;
    }
    file.write_all(line)?;
    file.sync_data()
}

fn open(path: &Path) -> io::Result<File> {
    let directory = directory::parent(path);
    directory::make_private(directory)?;
    let flags = OFlags::APPEND | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(rustix::io::Errno::NOENT) => {
            let mode = Mode::RUSR | Mode::WUSR;
            let file = rustix::fs::open(path, flags | OFlags::CREATE, mode)?;
            directory::sync(directory)?;
            Ok(file.into())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::Duration;

    use super::*;

    fn signature(refused: Option<&str>) -> Event {
        Event::Signature {
            purpose: "roles-anywhere".into(),
            component: "ab".into(),
            certificate: "cd".into(),
            refused: refused.map(str::to_owned),
        }
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045)
    }

    #[test]
    fn an_event_is_a_line_of_json_with_its_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state/audit.jsonl");
        let audit = Audit::kept_in(path.clone());
        audit.record(&signature(None), now()).unwrap();
        audit.record(&signature(Some("no")), now()).unwrap();
        let expected = [
            r#"{"time":"2026-01-02T03:04:05Z","event":"signature","purpose":"roles-anywhere","component":"ab","certificate":"cd"}"#,
            r#"{"time":"2026-01-02T03:04:05Z","event":"signature","purpose":"roles-anywhere","component":"ab","certificate":"cd","refused":"no"}"#,
        ];
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_line_break_in_a_text_makes_no_line_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        let forged = "no\n{\"time\":\"2026-01-02T03:04:05Z\"}";
        let audit = Audit::kept_in(path.clone());
        audit.record(&signature(Some(forged)), now()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    }

    #[test]
    fn a_long_log_is_put_aside_and_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        fs::write(&path, vec![b'\n'; usize::try_from(LONGEST).unwrap()]).unwrap();
        let audit = Audit::kept_in(path.clone());
        audit.record(&signature(None), now()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
        let old = fs::metadata(directory.path().join(PUT_ASIDE)).unwrap();
        assert_eq!(old.len(), LONGEST);
    }

    #[test]
    fn an_event_that_cannot_be_written_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        symlink("/dev/null", &path).unwrap();
        let audit = Audit::kept_in(path.clone());
        let error = audit.record(&signature(None), now()).unwrap_err();
        assert_eq!(error.path, path);
        let many = "too many levels of symbolic links";
        assert!(error.source.to_string().to_lowercase().contains(many));
    }
}
