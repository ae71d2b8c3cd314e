//! `sealift exec`: a program with the device's credentials, through a server of its own.

mod child;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use sealift::gateway::Gateway;
use sealift::vending::Vending;
use sealift_config::{ClientName, Environment, RoleAlias};
use sealift_serve::{EndpointEnvironment, Metrics, Server, Settings, Status};

use super::args::Global;
use super::{ExitStatus, Failure, setup};
use child::Child;

/// `sealift exec`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct Exec {
    /// Give it the credentials of this role alias, which a client in the configuration has
    #[arg(long, value_name = "ALIAS")]
    role_alias: Option<RoleAlias>,

    /// The program and its arguments
    #[arg(value_name = "CMD", last = true, required = true)]
    command: Vec<OsString>,
}

const EXIT_STATUS: &str = "Exit status: that of CMD; 128 and the signal's number if a signal ended it; \
    127 if it was not found; 126 if it cannot be executed; 1 or 2 as everywhere if it was not started.";

/// A file in which SDKs look for keys before they ask the server. What is in it would pass for the device's.
const KEYS_OF_OTHERS: &str = "AWS_SHARED_CREDENTIALS_FILE";

pub(super) async fn run(global: &Global, exec: &Exec) -> Result<ExitCode, Failure> {
    let Some((program, arguments)) = exec.command.split_first() else {
        return Err(Failure::new(ExitStatus::Usage, "there is no CMD to run"));
    };
    let gateway = setup::gateway(global)?;
    gateway.knows(exec.role_alias.as_ref())?;
    let server = bind(gateway, exec, program)?;
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(environment) = server.environment(&ClientName::default_client()) {
        prepare(&mut command, environment);
    }
    let mut child = Child::start(command)?;
    // Whichever way this ends, the server's future goes, and the token's file with it.
    let ended = tokio::select! {
        ended = child.wait() => ended,
        () = server.run(std::future::pending()) => child.wait().await,
    };
    ended.map(ExitCode::from)
}

/// The server. Nothing is handed out that is not on record, so that there has to be a place for that.
fn bind(gateway: Gateway, exec: &Exec, program: &OsStr) -> Result<Server, Failure> {
    let environment = Environment::of_process();
    gateway.config().state_dir(&environment)?;
    let settings = Settings::ephemeral(gateway.config(), &environment);
    let gateway = Arc::new(gateway);
    let name = Path::new(program).file_name().unwrap_or(program);
    let vending = Vending::new(move || Arc::clone(&gateway))
        .with_role(exec.role_alias.clone())
        .for_program(name.to_string_lossy().into_owned());
    let parts = vending.parts(Arc::new(Running), Metrics::default());
    Ok(Server::bind(settings, parts)?)
}

fn prepare(command: &mut Command, environment: &EndpointEnvironment) {
    for name in EndpointEnvironment::REMOVED {
        command.env_remove(name);
    }
    command.env(KEYS_OF_OTHERS, "/dev/null");
    command.envs(environment.variables());
}

/// Such a server has nothing else to do.
struct Running;

impl Status for Running {
    fn healthy(&self) -> Result<(), String> {
        Ok(())
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}
