//! `sealift completions` and `sealift man`: what packages install beside the program, made from its grammar.

use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man as Page;

use super::args::Args;
use super::{Failure, output};

/// The day of the latest release, which manual pages bear.
const RELEASED: &str = "2026-11-27";

/// What stands at the foot of every page.
const SOURCE: &str = concat!("Sealift ", env!("CARGO_PKG_VERSION"));

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// Which shell; bash finds it in /usr/share/bash-completion/completions/sealift, for instance
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// Write the pages of all commands into this directory, which must exist
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// A manual page cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write a manual page into {directory}; is it a directory that you may write to?", directory = .0.display())]
struct PageError(PathBuf, #[source] io::Error);

/// Prints the completions of a shell.
pub(super) fn completions(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "sealift", &mut script);
    output::text(&String::from_utf8_lossy(&script))
}

/// Prints sealift(1), or writes all pages.
pub(super) fn pages(args: &Man) -> Result<(), Failure> {
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    if let Some(directory) = &args.dir {
        return write_all(&program, directory)
            .map_err(|error| Failure::failed(PageError(directory.clone(), error)));
    }
    let mut text = Vec::new();
    page(&program).render(&mut text).map_err(Failure::failed)?;
    output::text(&String::from_utf8_lossy(&text))
}

/// The page of a command and those of all commands in it, each in a file of its name and section.
fn write_all(command: &clap::Command, directory: &Path) -> io::Result<()> {
    page(command).generate_to(directory)?;
    command
        .get_subcommands()
        .try_for_each(|command| write_all(command, directory))
}

fn page(command: &clap::Command) -> Page {
    Page::new(command.clone())
        .date(RELEASED)
        .manual("Sealift Manual")
        .source(SOURCE)
}
