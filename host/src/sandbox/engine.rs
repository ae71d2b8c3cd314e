//! The engine that all components share.

use std::path::Path;
use std::sync::Arc;

use sealift_compiled::{Cache, Digest};
use wasmtime::component::Linker;
use wasmtime::{Config, Engine};

use super::bindings::UploaderPre;
use super::component::{Component, Loaded};
use super::error::LoadError;
use super::inspect::Shape;
use super::limits::Limits;
use super::linker::linker;
use super::rooms::{self, Rooms};
use super::state::State;
use super::ticker::Ticker;

/// Compiles components and makes their instances. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    engine: Engine,
    linker: Linker<State>,
    ticker: Ticker,
    rooms: Rooms,
    limits: Limits,
    cache: Option<Cache>,
}

impl Sandbox {
    /// A sandbox whose instances have these limits. Compiled code is kept in `cache`; where that
    /// cannot be used, each start compiles anew and the log says why.
    pub fn new(limits: Limits, cache: Option<&Path>) -> Result<Self, LoadError> {
        let pooled = |config: &mut Config| {
            config.allocation_strategy(rooms::pool());
        };
        Self::with_engine(limits.clone(), cache, pooled).or_else(|error| {
            // Where address space is scarce: instances take what they need, one by one.
            tracing::debug!(error = %crate::report::chain(&error), "no pool for instances");
            Self::with_engine(limits, cache, |_| {})
        })
    }

    /// Like [`Sandbox::new`] on an engine that the caller has adjusted, for programs that embed the
    /// sandbox and want, say, to provide the memory of its instances. The interruption of computing
    /// components stays on whatever `adjust` does.
    pub fn with_engine(
        limits: Limits,
        cache: Option<&Path>,
        adjust: impl FnOnce(&mut Config),
    ) -> Result<Self, LoadError> {
        let mut config = Config::new();
        // For debuggers and backtraces. Nobody looks at them, and they were a sixth of what each process loads.
        config.generate_address_map(false);
        config.native_unwind_info(false);
        adjust(&mut config);
        config.epoch_interruption(true);
        let engine = Engine::new(&config).map_err(LoadError::Engine)?;
        let linker = linker(&engine).map_err(LoadError::Engine)?;
        let ticker = Ticker::start(&engine).map_err(LoadError::Ticker)?;
        let cache = cache.and_then(|directory| {
            Cache::open(directory)
                .inspect_err(|error| tracing::warn!(error = %crate::report::chain(error), "compiling components without a cache"))
                .ok()
        });
        Ok(Self(Arc::new(Shared {
            engine,
            linker,
            ticker,
            rooms: Rooms::new(),
            limits,
            cache,
        })))
    }

    /// Makes a component of its bytes: compiled, and checked to ask for nothing that this
    /// host does not offer and to export what the world `uploader` says.
    pub fn load(&self, bytes: &[u8]) -> Result<Component, LoadError> {
        self.link(&self.compile(bytes)?, bytes)
    }

    /// What the component imports and exports, and whether [`Sandbox::load`] would take it.
    pub fn inspect(
        &self,
        bytes: &[u8],
    ) -> Result<(Shape, Result<Component, LoadError>), LoadError> {
        let compiled = self.compile(bytes)?;
        let shape = Shape::of(&self.0.engine, &compiled);
        Ok((shape, self.link(&compiled, bytes)))
    }

    fn compile(&self, bytes: &[u8]) -> Result<wasmtime::component::Component, LoadError> {
        let Shared { engine, cache, .. } = &*self.0;
        match cache {
            Some(cache) => cache.component(engine, bytes),
            None => wasmtime::component::Component::new(engine, bytes),
        }
        .map_err(LoadError::NotAComponent)
    }

    fn link(
        &self,
        compiled: &wasmtime::component::Component,
        bytes: &[u8],
    ) -> Result<Component, LoadError> {
        let Shared {
            linker,
            ticker,
            rooms,
            limits,
            ..
        } = &*self.0;
        let instance = linker
            .instantiate_pre(compiled)
            .map_err(LoadError::Imports)?;
        let memories = rooms::memories(compiled);
        let uploader = UploaderPre::new(instance).map_err(LoadError::Exports)?;
        Ok(Component::new(Loaded {
            uploader,
            ticker: ticker.clone(),
            rooms: rooms.clone(),
            memories,
            limits: limits.clone(),
            digest: Digest::of(bytes),
        }))
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}
