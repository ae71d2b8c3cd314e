//! Linear memories that can be looked at when their instances are gone.
#![expect(
    unsafe_code,
    reason = "wasmtime has it promised that a memory stays valid while an instance uses it"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use wasmtime::{Config, LinearMemory, MemoryCreator, MemoryType};

/// The memories of all instances that ended, as they were then.
#[derive(Clone, Debug, Default)]
pub struct KeptMemories(Arc<Mutex<Vec<Vec<u8>>>>);

/// The memory of a running instance.
struct Kept {
    pages: Vec<Page>,
    ended: KeptMemories,
}

/// A page of the host, aligned as wasmtime demands. Atomic, since what a component writes, Rust sees as shared.
#[repr(align(4096))]
struct Page([AtomicU64; Page::BYTES / 8]);

impl Page {
    const BYTES: usize = 4096;

    fn zeroed() -> Self {
        Self([const { AtomicU64::new(0) }; Self::BYTES / 8])
    }
}

impl KeptMemories {
    /// Makes an engine take its memories from here.
    pub fn provide(&self, config: &mut Config) {
        config.with_host_memory(Arc::new(self.clone()));
        // A vector has no address space in reserve and no guard pages, so that every access is checked, and
        // nothing can be mapped into it.
        config
            .memory_reservation(0)
            .memory_guard_size(0)
            .memory_reservation_for_growth(0)
            .memory_init_cow(false);
    }

    /// How many instances' memories there are.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Whether these bytes are anywhere in any of them.
    pub fn contain(&self, needle: &[u8]) -> bool {
        assert!(needle.len() >= 8, "what is short is found by chance");
        let found = |memory: &Vec<u8>| memory.windows(needle.len()).any(|window| window == needle);
        self.0.lock().unwrap().iter().any(found)
    }
}

// SAFETY: a memory is a vector of its own, as large as asked for, and is grown by `grow_to` alone.
unsafe impl MemoryCreator for KeptMemories {
    fn new_memory(
        &self,
        _kind: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        _reserved: Option<usize>,
        _guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let mut memory = Kept {
            pages: Vec::new(),
            ended: self.clone(),
        };
        memory.resize(minimum);
        Ok(Box::new(memory))
    }
}

impl Kept {
    fn resize(&mut self, bytes: usize) {
        self.pages
            .resize_with(bytes.div_ceil(Page::BYTES), Page::zeroed);
    }
}

// SAFETY: the pointer is that of a live vector of `byte_size` bytes, and changes only in `grow_to`.
unsafe impl LinearMemory for Kept {
    fn byte_size(&self) -> usize {
        self.pages.len() * Page::BYTES
    }

    fn byte_capacity(&self) -> usize {
        // Without the vector's own reserve, which is not initialised.
        self.byte_size()
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        self.resize(new_size);
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.pages.as_ptr().cast::<u8>().cast_mut()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let words = self.pages.iter().flat_map(|page| &page.0);
        let bytes = words
            .flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes())
            .collect();
        self.ended.0.lock().unwrap().push(bytes);
    }
}
