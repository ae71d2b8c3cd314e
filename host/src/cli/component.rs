//! `sealift component`: what runs, and what could.

mod change;
mod device;
mod export;
mod inspect;
mod install;
mod list;

use super::Failure;
use super::args::Global;
use change::{Pin, Rollback};
pub(super) use device::Device;
use export::Export;
use inspect::Inspect;
pub(super) use inspect::read;
use install::Install;

/// `sealift component`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Component {
    /// Show what a component is: its digest and world, what it imports and exports, and whether it is signed
    Inspect(Inspect),

    /// List the components of this device: slot, version, digest and what each is there for
    List,

    /// Write the component that runs into a file
    Export(Export),

    /// Try out a component that nobody signed, for development: only where `release.unsigned` is true
    Install(Install),

    /// Take this version and no other, until `unpin`
    Pin(Pin),

    /// Take whatever is newest again
    Unpin,

    /// Take no release until `resume`
    Hold,

    /// Take releases again
    Resume,

    /// Go back to the component that ran before, or end a trial
    Rollback(Rollback),
}

pub(super) async fn run(global: &Global, command: Component) -> Result<(), Failure> {
    match command {
        Component::Inspect(args) => inspect::run(global, &args),
        Component::List => list::run(global),
        Component::Export(args) => export::run(global, &args),
        Component::Install(args) => install::run(global, args).await,
        Component::Pin(args) => change::pin(global, args),
        Component::Unpin => change::unpin(global),
        Component::Hold => change::hold(global),
        Component::Resume => change::resume(global),
        Component::Rollback(args) => change::roll_back(global, &args),
    }
}
