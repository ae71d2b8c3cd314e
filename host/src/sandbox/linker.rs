//! What a component can import: all of it is here.

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Engine, Result};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random};
use wasmtime_wasi::random::WasiRandom;

use super::bindings::sealift::gateway;
use super::state::State;

/// The linker of every instance.
///
/// Beside our own interfaces: `wasi:http`, `wasi:io`, clocks and random numbers. The
/// standard libraries of Rust, C and others also import the environment and the file
/// system whether a program uses them or not; they find no variable, no argument and
/// no directory. `wasi:sockets` is not here, so a component that asks for it is refused.
pub(super) fn linker(engine: &Engine) -> Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
    add_empty_surroundings(&mut linker)?;
    gateway::types::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    gateway::keystore::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    gateway::payload::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    gateway::jobs::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    gateway::vault::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    gateway::journal::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    gateway::hints::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    gateway::progress::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}

fn add_empty_surroundings(linker: &mut Linker<State>) -> Result<()> {
    random::insecure::add_to_linker::<State, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, |state| {
        state.ctx().ctx.random()
    })?;
    cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    filesystem::preopens::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)?;
    filesystem::types::add_to_linker::<State, WasiFilesystem>(linker, State::filesystem)
}
