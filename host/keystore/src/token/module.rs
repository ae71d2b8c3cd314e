//! A PKCS#11 module: loaded once, and called from one thread.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};

use super::error::TokenError;
use super::pin::PinStamp;
use super::session::OpenKey;
use super::worker::{Unanswered, Worker};

/// A module and the thread that it is called on. Cheap to clone.
#[derive(Clone)]
pub(super) struct Module {
    path: PathBuf,
    worker: Arc<Worker<Library>>,
}

/// Every module that was ever used: a process must not load one twice, and one
/// that hangs is never rid of its thread.
static MODULES: Mutex<BTreeMap<PathBuf, Arc<Worker<Library>>>> = Mutex::new(BTreeMap::new());

impl Module {
    /// The module at `path`. It is loaded when it is called first.
    pub(super) fn at(path: &Path) -> Result<Self, TokenError> {
        let path = path
            .canonicalize()
            .map_err(|source| TokenError::ModuleMissing {
                path: path.to_owned(),
                source,
            })?;
        let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = modules.get(&path) {
            let worker = Arc::clone(worker);
            return Ok(Self { path, worker });
        }
        let worker = Worker::start(Library::new(path.clone()));
        let worker = Arc::new(worker.map_err(|source| TokenError::NoThread {
            path: path.clone(),
            source,
        })?);
        modules.insert(path.clone(), Arc::clone(&worker));
        Ok(Self { path, worker })
    }

    /// Has the module do something and waits for it, no longer than `limit`.
    pub(super) fn call<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce(&mut Library) -> Result<T, TokenError> + Send + 'static,
    ) -> Result<T, TokenError> {
        let path = || self.path.clone();
        self.worker
            .call(limit, work)
            .unwrap_or_else(|unanswered| match unanswered {
                Unanswered::Overdue => Err(TokenError::Deadline {
                    path: path(),
                    limit,
                }),
                Unanswered::Panicked => Err(TokenError::Panicked { path: path() }),
            })
    }
}

impl Debug for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Module").field(&self.path).finish()
    }
}

/// What lives on a module's thread.
pub(super) struct Library {
    path: PathBuf,
    context: Option<Pkcs11>,
    /// The keys that are in use, by the numbers that their users drew.
    pub(super) keys: BTreeMap<u64, OpenKey>,
    /// PINs that tokens refused, by the tokens' labels and serial numbers.
    pub(super) refused_pins: Vec<(String, PinStamp)>,
}

impl Library {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            context: None,
            keys: BTreeMap::new(),
            refused_pins: Vec::new(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the module has been initialised, and may know only what was there then.
    pub(super) fn is_entered(&self) -> bool {
        self.context.is_some()
    }

    /// The module, loaded and initialised.
    pub(super) fn context(&mut self) -> Result<Pkcs11, TokenError> {
        if let Some(context) = &self.context {
            return Ok(context.clone());
        }
        let context = Pkcs11::new(&self.path).map_err(|source| TokenError::NotAModule {
            path: self.path.clone(),
            source,
        })?;
        match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(source) => return Err(self.failed(source)),
        }
        self.context = Some(context.clone());
        Ok(context)
    }

    /// The error of a call that has no better name.
    pub(super) fn failed(&self, source: Error) -> TokenError {
        TokenError::Module {
            path: self.path.clone(),
            source,
        }
    }

    /// Closes a key. With the last one the module is left, so that a TPM gets back
    /// what it holds for us.
    pub(super) fn leave(&mut self, number: u64) {
        self.keys.remove(&number);
        self.leave_if_idle();
    }

    /// Leaves the module if no key is in use.
    pub(super) fn leave_if_idle(&mut self) {
        if self.keys.is_empty() {
            self.reset();
        }
    }

    /// Closes everything; the next call begins anew. Some modules notice only
    /// like this that a token is back.
    pub(super) fn reset(&mut self) {
        self.keys.clear();
        if let Some(context) = self.context.take()
            && let Err(error) = context.finalize()
        {
            let module = self.path.display();
            tracing::debug!(%error, %module, "the PKCS#11 module cannot be left");
        }
    }
}
