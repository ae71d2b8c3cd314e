//! The `sealift` program.

mod cli;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use cli::{Failure, output};

/// How long work that cannot be cancelled, such as a read of standard input, may hold up the end.
const GRACE: Duration = Duration::from_millis(100);

/// The largest block that glibc's allocator shall keep instead of giving it back, in bytes. Smaller than the
/// compiled component, whose file is read once: that block is better given back.
const KEPT_BLOCK: usize = 1024 * 1024;

fn main() -> ExitCode {
    keep_heap();
    match start() {
        Ok(status) => status,
        Err(failure) => {
            let status = failure.status as u8;
            render(failure);
            ExitCode::from(status)
        }
    }
}

/// glibc gives the top of the heap back to the kernel whenever more than 128 KiB of it are free,
/// and a bulk upload frees and needs its TLS buffers again thousands of times a second: that
/// was 390,000 page faults for 1 GiB. Freeing one large block raises the limit (mallopt(3),
/// `M_MMAP_THRESHOLD`).
fn keep_heap() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(KEPT_BLOCK)));
}

/// One thread does everything: transfers wait for the network, and handing buffers
/// between threads costs more than it brings (see docs/performance.md).
fn start() -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")
        .map_err(Failure::failed)?;
    let outcome = runtime.block_on(cli::run());
    runtime.shutdown_timeout(GRACE);
    outcome
}

/// The error, its causes one below the other, and what to do.
fn render(failure: Failure) {
    let error = anyhow::Error::from_boxed(failure.error);
    let mut causes = error.chain();
    if let Some(first) = causes.next() {
        output::remark(format_args!("error: {first}"));
    }
    for cause in causes {
        output::remark(format_args!("  caused by: {cause}"));
    }
    if let Some(cure) = failure.cure {
        output::remark(format_args!("hint: {cure}"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use sealift::factory::COMPONENT;
    use sealift_compiled::Cache;
    use wasmtime::Engine;

    use super::*;

    #[test]
    fn the_block_of_the_compiled_component_is_none_that_is_kept() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("compiled");
        let cache = Cache::open(&directory).unwrap();
        cache.component(&Engine::default(), COMPONENT).unwrap();
        let mut files = fs::read_dir(&directory).unwrap();
        let file = files.next().unwrap().unwrap().metadata().unwrap();
        assert!(file.len() > KEPT_BLOCK as u64);
    }
}
