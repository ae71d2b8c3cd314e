//! When objects arrived, for work of which no client's end tells when it is done.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::http::Head;

/// Objects whose last byte arrived.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    all: Mutex<Vec<Arrival>>,
    one_more: Condvar,
}

#[derive(Debug)]
struct Arrival {
    /// Bucket and key, as in the request.
    path: String,
    at: Instant,
}

impl Arrivals {
    /// Forgets those of earlier work.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    /// Waits for an object whose key ends with this.
    pub(crate) fn of(&self, key: &str, patience: Duration) -> Result<Instant> {
        let found = self.wait(patience, |all| {
            let mut all = all.iter();
            all.find(|arrival| arrival.path.ends_with(key))
                .map(|arrival| arrival.at)
        });
        found.with_context(|| format!("no object `{key}` arrived within {patience:?}"))
    }

    /// Waits until so many objects arrived since the others were forgotten; answers when the last one did.
    pub(crate) fn number(&self, count: usize, patience: Duration) -> Result<Instant> {
        let last = count.saturating_sub(1);
        let found = self.wait(patience, |all| all.get(last).map(|arrival| arrival.at));
        found.with_context(|| {
            let (arrived, patience) = (self.lock().len(), patience.as_secs());
            format!("only {arrived} of {count} objects arrived within {patience} s")
        })
    }

    /// How often an object arrived whose key ends with this.
    pub(crate) fn count(&self, key: &str) -> usize {
        let all = self.lock();
        all.iter()
            .filter(|arrival| arrival.path.ends_with(key))
            .count()
    }

    /// A request is complete.
    pub(super) fn complete(&self, head: &Head) {
        if let Some(path) = object(head) {
            let (path, at) = (path.to_owned(), Instant::now());
            self.lock().push(Arrival { path, at });
            self.one_more.notify_all();
        }
    }

    fn wait<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut(&[Arrival]) -> Option<T>,
    ) -> Option<T> {
        let mut found = None;
        let missing = |all: &mut Vec<Arrival>| {
            found = look(all);
            found.is_none()
        };
        let waited = self
            .one_more
            .wait_timeout_while(self.lock(), patience, missing);
        drop(waited);
        found
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arrival>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The object that is there when this request is complete: of one `PUT`, or of all parts together.
fn object(head: &Head) -> Option<&str> {
    let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
    let in_parts = query.contains("uploadId=");
    let completes = match head.method.as_str() {
        "PUT" => !in_parts,
        "POST" => in_parts,
        _ => false,
    };
    completes.then_some(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn head(method: &str, target: &str) -> Head {
        Head {
            method: method.into(),
            target: target.into(),
            expects_continue: false,
        }
    }

    #[test]
    fn an_object_arrives_with_its_only_put_or_with_its_completion() {
        let arrivals = Arrivals::default();
        for (method, target) in [
            ("POST", "/b/parts?uploads="),
            ("PUT", "/b/parts?partNumber=1&uploadId=1"),
            ("PUT", "/b/whole"),
            ("POST", "/b/parts?uploadId=1"),
        ] {
            arrivals.complete(&head(method, target));
        }
        let whole = arrivals.of("/whole", Duration::ZERO).unwrap();
        assert_eq!(arrivals.number(1, Duration::ZERO).unwrap(), whole);
        assert_eq!(arrivals.count("/parts"), 1);
        let parts = arrivals.of("/parts", Duration::ZERO).unwrap();
        assert_eq!(arrivals.number(2, Duration::ZERO).unwrap(), parts);
        assert!(arrivals.number(3, Duration::ZERO).is_err());
        arrivals.forget();
        assert!(arrivals.of("/whole", Duration::ZERO).is_err());
    }
}
