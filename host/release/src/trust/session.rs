//! The way of metadata into `tough`.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use sha2::{Digest as _, Sha256};
use tough::schema::{Metafile, Role, Signed, Snapshot, Targets, Timestamp};
use tough::{Transport, TransportError, TransportErrorKind, TransportStream, async_trait};
use url::Url;

use super::kept::Kept;
use super::source::{FetchError, Source};

/// No root is longer, in bytes.
pub(super) const LARGEST_ROOT: u64 = 256 * 1024;
/// No timestamp is longer, in bytes.
pub(super) const LARGEST_TIMESTAMP: u64 = 16 * 1024;
/// No snapshot is longer, in bytes.
pub(super) const LARGEST_SNAPSHOT: u64 = 256 * 1024;
/// No list of targets is longer, in bytes.
pub(super) const LARGEST_TARGETS: u64 = 2 * 1024 * 1024;

/// One check. Everything that passes is remembered as it came, since what is kept must have the hashes that
/// were signed.
#[derive(Clone, Debug)]
pub(super) struct Session {
    source: Arc<dyn Source>,
    kept: Arc<Kept>,
    passed: Arc<Mutex<Passed>>,
}

/// What has passed.
#[derive(Clone, Debug, Default)]
pub(super) struct Passed {
    pub(super) timestamp: Option<String>,
    pub(super) snapshot: Option<String>,
    pub(super) targets: Option<String>,
    /// Requests made of the source.
    pub(super) requests: u32,
    /// Bytes that it answered.
    pub(super) bytes: u64,
}

/// A file of metadata by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Root,
    Timestamp,
    Snapshot,
    Targets,
    /// Targets of another role.
    Delegated,
}

#[derive(Debug, thiserror::Error)]
#[error("it is longer than {0} bytes")]
struct TooLong(u64);

#[derive(Debug, thiserror::Error)]
#[error("it is no text")]
struct NoText;

impl Kind {
    /// `ROLE.json` or `VERSION.ROLE.json`.
    fn of(name: &str) -> Self {
        let name = name.strip_suffix(".json").unwrap_or(name);
        let role = match name.split_once('.') {
            Some((version, role)) if version.bytes().all(|c| c.is_ascii_digit()) => role,
            _ => name,
        };
        match role {
            "root" => Self::Root,
            "timestamp" => Self::Timestamp,
            "snapshot" => Self::Snapshot,
            "targets" => Self::Targets,
            _ => Self::Delegated,
        }
    }

    fn limit(self) -> u64 {
        match self {
            Self::Root => LARGEST_ROOT,
            Self::Timestamp => LARGEST_TIMESTAMP,
            Self::Snapshot => LARGEST_SNAPSHOT,
            Self::Targets | Self::Delegated => LARGEST_TARGETS,
        }
    }
}

impl Session {
    pub(super) fn new(source: Arc<dyn Source>, kept: Kept) -> Self {
        Self {
            source,
            kept: Arc::new(kept),
            passed: Arc::default(),
        }
    }

    pub(super) fn passed(&self) -> MutexGuard<'_, Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn text(&self, name: &str) -> Result<String, TransportError> {
        let kind = Kind::of(name);
        if let Some(text) = self.on_disk(kind) {
            return Ok(text);
        }
        let text = self.fetch_text(name, kind.limit()).await?;
        let mut passed = self.passed();
        match kind {
            Kind::Root | Kind::Delegated => {}
            Kind::Timestamp => passed.timestamp = Some(text.clone()),
            Kind::Snapshot => passed.snapshot = Some(text.clone()),
            Kind::Targets => passed.targets = Some(text.clone()),
        }
        Ok(text)
    }

    /// What is on disk, if what has passed says that it is the same. `tough` verifies it as if it had been fetched; a
    /// lie here is found out there.
    fn on_disk(&self, kind: Kind) -> Option<String> {
        let mut passed = self.passed();
        match kind {
            Kind::Root | Kind::Timestamp | Kind::Delegated => None,
            Kind::Snapshot => {
                let timestamp: Signed<Timestamp> = parse(passed.timestamp.as_deref()?)?;
                let named = timestamp.signed.meta.get("snapshot.json")?;
                let text = same::<Snapshot>(named, self.kept.snapshot.as_deref()?)?;
                passed.snapshot = Some(text.clone());
                Some(text)
            }
            Kind::Targets => {
                let snapshot: Signed<Snapshot> = parse(passed.snapshot.as_deref()?)?;
                let named = snapshot.signed.meta.get("targets.json")?;
                let text = same::<Targets>(named, self.kept.targets.as_deref()?)?;
                passed.targets = Some(text.clone());
                Some(text)
            }
        }
    }

    async fn fetch_text(&self, name: &str, limit: u64) -> Result<String, TransportError> {
        self.passed().requests += 1;
        let path = format!("metadata/{name}");
        let mut stream = self
            .source
            .open(&path, 0)
            .await
            .map_err(|error| transport_error(name, error))?;
        let mut contents = Vec::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| transport_error(name, error))?;
            self.passed().bytes += piece.len() as u64;
            if (contents.len() + piece.len()) as u64 > limit {
                return Err(other(name, TooLong(limit)));
            }
            contents.extend_from_slice(&piece);
        }
        String::from_utf8(contents).map_err(|_| other(name, NoText))
    }
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Option<Signed<T>> {
    serde_json::from_str(text).ok()
}

/// The text, if it is what is named: by its hash, or where there is none by its version, which must tell it alone
/// then (TUF 4.4).
fn same<T: Role + serde::de::DeserializeOwned>(named: &Metafile, text: &str) -> Option<String> {
    let same = match &named.hashes {
        Some(hashes) => hashes.sha256.as_ref() == Sha256::digest(text.as_bytes()).as_slice(),
        None => parse::<T>(text)?.signed.version() == named.version,
    };
    same.then(|| text.to_owned())
}

fn transport_error(name: &str, error: FetchError) -> TransportError {
    let kind = match error {
        FetchError::NotFound { .. } => TransportErrorKind::FileNotFound,
        FetchError::Failed { .. } => TransportErrorKind::Other,
    };
    TransportError::new_with_cause(kind, name, error)
}

fn other(name: &str, error: impl Error + Send + Sync + 'static) -> TransportError {
    TransportError::new_with_cause(TransportErrorKind::Other, name, error)
}

#[async_trait]
impl Transport for Session {
    /// Errors are answered as the stream's: `tough` takes any that comes at once for "no newer root", and of a stream's
    /// only that nothing was found.
    async fn fetch(&self, url: Url) -> Result<TransportStream, TransportError> {
        let name = url
            .path_segments()
            .and_then(|mut parts| parts.next_back().map(str::to_owned));
        let text = self.text(&name.unwrap_or_default()).await;
        Ok(Box::pin(stream::once(async { text.map(Bytes::from) })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_metadata_is_what_its_name_says() {
        let kinds = [
            ("1.root.json", Kind::Root),
            ("timestamp.json", Kind::Timestamp),
            ("12.snapshot.json", Kind::Snapshot),
            ("snapshot.json", Kind::Snapshot),
            ("12.targets.json", Kind::Targets),
            ("targets.json", Kind::Targets),
            ("3.others.json", Kind::Delegated),
            ("3.mytargets.json", Kind::Delegated),
            ("a.targets.json", Kind::Delegated),
        ];
        for (name, kind) in kinds {
            assert_eq!(Kind::of(name), kind, "{name}");
        }
    }
}
