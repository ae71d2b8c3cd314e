//! The identity in force, while its files are being replaced.
//!
//! A rotation replaces two files one after the other, and nothing makes the two
//! renames one. So the files are read again whenever one of them has changed,
//! and what they hold is published only if it is a whole identity: in between,
//! the old one stays in force. Nobody watches the files; a change is noticed by
//! whoever asks next, which costs two `stat` calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::identity::{Identity, IdentityError, IdentityFiles, Stamps};

/// Keeps the identity of a certificate file and a key file up to date, or one that a program brings itself.
#[derive(Debug)]
pub struct IdentityStore {
    /// None where the program says when there is another identity.
    files: Option<IdentityFiles>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    current: Arc<Identity>,
    /// What the files were when `current` was read from them, if it was.
    read: Option<Stamps>,
    refused: Option<Refusal>,
}

/// Files that hold no identity.
#[derive(Debug)]
struct Refusal {
    /// What the files were, so that each change is complained of only once.
    stamps: Stamps,
    reason: Arc<IdentityError>,
}

impl IdentityStore {
    /// Reads the identity for the first time; it must be whole and valid.
    pub fn open(files: IdentityFiles, now: SystemTime) -> Result<Self, IdentityError> {
        let (identity, read) = files.load_stamped(now)?;
        Ok(Self::with(Some(files), identity, Some(read)))
    }

    /// Keeps an identity whose key is the caller's own affair: any [`DeviceKey`](crate::DeviceKey).
    /// [`IdentityStore::replace`] puts another in its place.
    pub fn holding(identity: Identity) -> Self {
        Self::with(None, identity, None)
    }

    fn with(files: Option<IdentityFiles>, identity: Identity, read: Option<Stamps>) -> Self {
        let state = State {
            current: Arc::new(identity.with_generation(1)),
            read,
            refused: None,
        };
        Self {
            files,
            state: Mutex::new(state),
        }
    }

    /// Puts this identity in force, until the files, if there are any, change.
    pub fn replace(&self, identity: Identity) {
        let mut state = self.lock();
        let read = state.read;
        state.accept(identity, read);
    }

    /// The identity in force: that of the files, unless they hold none that is
    /// whole and valid at `now`; then still the last one that was, even if it
    /// has expired since, which servers judge by a better clock.
    ///
    /// Blocks for as long as it takes to look at two files and, if one has
    /// changed, to read them.
    pub fn current(&self, now: SystemTime) -> Arc<Identity> {
        let mut state = self.lock();
        if let (Some(files), Some(read)) = (&self.files, state.read) {
            state.follow(files, read, now);
        }
        state.current.clone()
    }

    /// Why the identity in force is not that of the files, as of the last call of
    /// [`IdentityStore::current`].
    pub fn refused(&self) -> Option<Arc<IdentityError>> {
        let state = self.lock();
        state.refused.as_ref().map(|refusal| refusal.reason.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is changed in single assignments, so a panic elsewhere
        // cannot leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn follow(&mut self, files: &IdentityFiles, read: Stamps, now: SystemTime) {
        let stamps = files.stamps();
        if stamps == read {
            self.refused = None;
            return;
        }
        // Refused files are read again every time, for a certificate may
        // have been refused by a clock that was wrong.
        match files.reload_stamped(now, &self.current, read) {
            Ok((identity, read)) => self.accept(identity, Some(read)),
            Err(error) => self.refuse(error, stamps),
        }
    }

    fn accept(&mut self, identity: Identity, read: Option<Stamps>) {
        if !identity.is_same(&self.current) {
            let generation = self.current.generation() + 1;
            let leaf = identity.chain().leaf();
            tracing::info!(
                fingerprint = %leaf.fingerprint(),
                not_after = %leaf.not_after(),
                generation,
                "the device has a new identity"
            );
            self.current = Arc::new(identity.with_generation(generation));
        }
        self.read = read;
        self.refused = None;
    }

    fn refuse(&mut self, error: IdentityError, stamps: Stamps) {
        if self
            .refused
            .as_ref()
            .is_none_or(|refusal| refusal.stamps != stamps)
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the certificate and key files have changed, but hold no usable identity; \
                 the previous one stays in force"
            );
        }
        self.refused = Some(Refusal {
            stamps,
            reason: Arc::new(error),
        });
    }
}
