//! The command line: what is asked for, done, and told.

mod args;
mod credentials;
#[cfg(feature = "local-cloud")]
mod demo;
mod failure;
mod key;
#[cfg(feature = "local-cloud")]
mod local_cloud;
mod log;
pub(crate) mod output;
mod progress;
mod put;
mod run;
mod setup;
mod unfinished;

use clap::Parser;

pub(crate) use failure::{ExitStatus, Failure};

use args::{Args, Command};

/// Does what the command line says.
pub(crate) async fn run() -> Result<(), Failure> {
    let Args { global, command } = Args::parse();
    log::start(&global, &command);
    setup::harden()?;
    match command {
        Command::Put(args) => put::run(&global, &args).await,
        Command::Unfinished(command) => unfinished::run(&global, command).await,
        Command::Credentials => credentials::run(&global).await,
        Command::Run => run::run(&global).await,
        Command::Key(command) => key::run(&global, command).await,
        #[cfg(feature = "local-cloud")]
        Command::Demo => demo::run(&global).await,
        #[cfg(feature = "local-cloud")]
        Command::LocalCloud(args) => local_cloud::run(args).await,
    }
}
