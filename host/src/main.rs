//! The `sealift` program.

mod cli;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use cli::Failure;

/// How long work that cannot be cancelled, such as a read of standard input, may hold up the end.
const GRACE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let status = failure.status as u8;
            render(failure);
            ExitCode::from(status)
        }
    }
}

/// One thread does everything: transfers wait for the network, and handing buffers
/// between threads costs more than it brings (see docs/performance.md).
fn start() -> Result<(), Failure> {
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
        eprintln!("error: {first}");
    }
    for cause in causes {
        eprintln!("  caused by: {cause}");
    }
    if let Some(cure) = failure.cure {
        eprintln!("hint: {cure}");
    }
}
