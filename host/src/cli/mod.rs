//! The command line: what is asked for, done, and told.

mod args;
mod call;
mod component;
mod credentials;
#[cfg(feature = "local-cloud")]
mod demo;
mod exec;
mod failure;
mod key;
#[cfg(feature = "local-cloud")]
mod local_cloud;
mod log;
mod manual;
pub(crate) mod output;
mod progress;
#[cfg(feature = "provision")]
mod provision;
mod put;
mod queue;
mod release;
mod run;
mod setup;
mod unfinished;
mod update;

use std::process::ExitCode;

use clap::Parser;

pub(crate) use failure::{ExitStatus, Failure};

use args::{Args, Command};

/// Does what the command line says. The answer is the exit status of what went well.
pub(crate) async fn run() -> Result<ExitCode, Failure> {
    let Args { global, command } = Args::parse();
    log::start(&global, &command);
    setup::harden()?;
    let done = match command {
        Command::Exec(args) => return exec::run(&global, &args).await,
        Command::Put(args) => put::run(&global, &args).await,
        Command::Unfinished(command) => unfinished::run(&global, command).await,
        Command::Credentials => credentials::run(&global).await,
        Command::Call(args) => call::run(&global, *args).await,
        Command::Run => run::run(&global).await,
        Command::Release(command) => release::run(&global, command).await,
        Command::Key(command) => key::run(&global, command).await,
        Command::Queue(command) => queue::run(&global, command),
        Command::Component(command) => component::run(&global, command).await,
        Command::Update(args) => update::run(&global, &args).await,
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::pages(&args),
        #[cfg(feature = "provision")]
        Command::Provision(command) => provision::run(&global, command),
        #[cfg(feature = "local-cloud")]
        Command::Demo => demo::run(&global).await,
        #[cfg(feature = "local-cloud")]
        Command::LocalCloud(args) => local_cloud::run(args).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}
