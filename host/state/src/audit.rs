//! The audit log: what was done with the device's key and with credentials.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{directory, private};

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
    /// None where nothing can be kept, and so nothing done that must be on record.
    path: Option<PathBuf>,
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
        /// Why there was none; absent if the key was asked for one.
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
    },
    /// A local program is about to get temporary credentials.
    CredentialsHandedOut {
        /// Who asked: `client NAME`, `user UID` or `imds`.
        recipient: String,
        /// The program that the endpoint was made for, if it was made for one.
        #[serde(skip_serializing_if = "Option::is_none")]
        program: Option<String>,
        /// Whose credentials: a role alias, or a role's ARN.
        role: String,
        /// Which credentials.
        access_key_id: String,
        /// When they end, by RFC 3339.
        expiration: String,
    },
    /// Which component runs is another one now, or was to be and is not.
    Component(ComponentChange),
}

/// What became of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ComponentChange {
    /// What happened to it.
    pub change: ComponentFate,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its digest, in lower-case hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Where it may send requests beyond what the configuration names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What happened to a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentFate {
    /// It asks for more than the configuration grants, and was not taken.
    Refused,
    /// Some of the jobs run on it from now on.
    OnTrial,
    /// All jobs do.
    Committed,
    /// It is not taken after all, or no longer used.
    Failed,
}

/// An event cannot be recorded, so what it is about should not be done.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// There is no state directory.
    #[error("there is no audit log without a state directory; set service.state")]
    Unkept,
    /// The file system does not let us.
    #[error(
        "cannot write the audit log {}; free some space or make its directory writable",
        path.display()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    event: &'a Event,
}

impl Audit {
    pub(crate) fn kept_in(path: PathBuf) -> Self {
        Self { path: Some(path) }
    }

    /// No audit log, in which nothing can be recorded.
    pub fn unkept() -> Self {
        Self { path: None }
    }

    /// Records an event. Blocks until it is on disk.
    pub fn record(&self, event: &Event, now: SystemTime) -> Result<(), AuditError> {
        let path = self.path.as_ref().ok_or(AuditError::Unkept)?;
        line(event, now)
            .and_then(|line| append(path, &line))
            .map_err(|source| AuditError::Unusable {
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

/// How often a log that others put aside meanwhile is opened again.
const TURNS: usize = 8;

/// Writes the line, all of it or nothing. The lock keeps other processes from writing into it, and from
/// putting a new log aside for an old one.
fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    for _ in 0..TURNS {
        let mut file = open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        let metadata = file.metadata()?;
        let named = fs::symlink_metadata(path).ok();
        if named.is_none_or(|named| named.ino() != metadata.ino()) {
            continue;
        }
        let length = metadata.len();
        if length >= LONGEST {
            fs::rename(path, path.with_file_name(PUT_ASIDE))?;
            continue;
        }
        let written = file.write_all(line).and_then(|()| file.sync_data());
        if written.is_err() {
            // Half a line would spoil the next one too.
            file.set_len(length)?;
        }
        return written;
    }
    Err(io::Error::other("other processes keep putting it aside"))
}

fn open(path: &Path) -> io::Result<File> {
    let directory = directory::parent(path);
    private::make_directory(directory)?;
    let is_new = fs::symlink_metadata(path).is_err();
    let file = private::open(path, File::options().append(true))?;
    if is_new {
        directory::sync(directory)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::thread;
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
    fn what_is_handed_out_is_told_without_what_there_is_none_of() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        let audit = Audit::kept_in(path.clone());
        let event = |program: Option<&str>| Event::CredentialsHandedOut {
            recipient: "client logger".into(),
            program: program.map(str::to_owned),
            role: "logs".into(),
            access_key_id: "ASIAEXAMPLE".into(),
            expiration: "2026-01-02T04:04:05Z".into(),
        };
        audit.record(&event(None), now()).unwrap();
        audit.record(&event(Some("aws")), now()).unwrap();
        let expected = [
            r#"{"time":"2026-01-02T03:04:05Z","event":"credentials-handed-out","recipient":"client logger","role":"logs","access_key_id":"ASIAEXAMPLE","expiration":"2026-01-02T04:04:05Z"}"#,
            r#"{"time":"2026-01-02T03:04:05Z","event":"credentials-handed-out","recipient":"client logger","program":"aws","role":"logs","access_key_id":"ASIAEXAMPLE","expiration":"2026-01-02T04:04:05Z"}"#,
        ];
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
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
        let AuditError::Unusable { path: told, source } = error else {
            panic!("{error}");
        };
        assert_eq!(told, path);
        let many = "too many levels of symbolic links";
        assert!(source.to_string().to_lowercase().contains(many));
    }

    #[test]
    fn without_a_state_directory_nothing_is_on_record() {
        let error = Audit::unkept().record(&signature(None), now()).unwrap_err();
        assert!(matches!(error, AuditError::Unkept), "{error}");
    }

    /// As many processes would, each with a file of its own.
    #[test]
    fn no_line_is_lost_or_torn_while_many_write_and_the_log_is_put_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        let nearly = LONGEST - 2000;
        fs::write(&path, vec![b'\n'; usize::try_from(nearly).unwrap()]).unwrap();
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let audit = Audit::kept_in(path.clone());
                thread::spawn(move || {
                    for _ in 0..10 {
                        audit.record(&signature(None), now()).unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        let lines: Vec<_> = [PUT_ASIDE, "audit.jsonl"]
            .iter()
            .flat_map(|name| {
                let text = fs::read_to_string(directory.path().join(name)).unwrap();
                let lines: Vec<_> = text.lines().map(str::to_owned).collect();
                lines
            })
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(lines.len(), 80);
        for line in lines {
            assert!(
                serde_json::from_str::<serde_json::Value>(&line).is_ok(),
                "{line}"
            );
        }
    }
}
