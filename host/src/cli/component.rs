//! `sealift component`: what runs, and what could.

mod inspect;

use super::Failure;
use super::args::Global;
use inspect::Inspect;
pub(super) use inspect::read;

/// `sealift component`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Component {
    /// Show what a component is: its digest and world, what it imports and exports, and whether it is signed
    Inspect(Inspect),
}

pub(super) fn run(global: &Global, command: Component) -> Result<(), Failure> {
    match command {
        Component::Inspect(args) => inspect::run(global, &args),
    }
}
