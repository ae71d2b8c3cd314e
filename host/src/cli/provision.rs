//! `sealift provision`: what devices need in an AWS account, made and unmade.

mod args;
mod things;

use std::io::{self, BufRead, IsTerminal, Write};

use sealift_provision::{Account, Administrator, Found, Request, Step, plan, unplan};
use serde::Serialize;

pub(super) use args::Provision;

use super::args::Global;
use super::{ExitStatus, Failure, output};
use args::Target;

/// How far a step is, as `--json` tells it.
#[derive(Serialize)]
struct Told<'a> {
    outcome: &'static str,
    #[serde(flatten)]
    step: &'a Step,
}

/// Blocks: one request after the other, and a signal ends it between or in the middle of two. The same command goes on.
pub(super) fn run(global: &Global, command: Provision) -> Result<(), Failure> {
    match command {
        Provision::Plan(target) => {
            let (_, request, found) = look(&target)?;
            show(global, &missing(&request, &found)?, "planned")
        }
        Provision::Apply(apply) => {
            let (account, request, found) = look(&apply.target)?;
            let steps = missing(&request, &found)?;
            carry_out(global, &account, (&request, &found), &steps, apply.yes)?;
            tell_next(global, &request);
            Ok(())
        }
        Provision::Destroy(destroy) => {
            let (account, request, found) = look(&destroy.target)?;
            let steps = unplan(&request, &found, destroy.delete_bucket);
            carry_out(global, &account, (&request, &found), &steps, destroy.yes)
        }
    }
}

fn look(target: &Target) -> Result<(Account, Request, Found), Failure> {
    let request = target.request()?;
    let region = target.region.as_ref().map(ToString::to_string);
    let administrator = Administrator::of_environment(region.as_deref())
        .map_err(|error| Failure::new(ExitStatus::Usage, error))?;
    let account = Account::new(administrator).map_err(Failure::failed)?;
    let found = account.find(&request).map_err(Failure::failed)?;
    Ok((account, request, found))
}

fn missing(request: &Request, found: &Found) -> Result<Vec<Step>, Failure> {
    plan(request, found).map_err(Failure::failed)
}

fn show(global: &Global, steps: &[Step], outcome: &'static str) -> Result<(), Failure> {
    for step in steps {
        tell(global, step, outcome)?;
    }
    if steps.is_empty() && !global.json && !global.quiet {
        output::remark("nothing to do: all is as it should be");
    }
    Ok(())
}

fn carry_out(
    global: &Global,
    account: &Account,
    (request, found): (&Request, &Found),
    steps: &[Step],
    yes: bool,
) -> Result<(), Failure> {
    if steps.is_empty() {
        return show(global, steps, "planned");
    }
    if !yes {
        show(global, steps, "planned")?;
        if !agreed(steps.len())? {
            return Err(Failure::failed("nothing was done"));
        }
    }
    let mut told = Ok(());
    let done = account.carry_out(request, found, steps, |step| {
        told = tell(global, step, "done");
        told.is_ok()
    });
    told?;
    done.map_err(|error| Failure {
        cure: Some("run the same command again: it goes on where this one ended".to_owned()),
        ..Failure::failed(error)
    })
}

fn tell(global: &Global, step: &Step, outcome: &'static str) -> Result<(), Failure> {
    if global.json {
        return output::json(&Told { outcome, step });
    }
    output::line(&step.to_string())
}

/// Asks whoever sits there.
fn agreed(steps: usize) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        let message = "this would change the account, and there is nobody to ask; give --yes";
        return Err(Failure::new(ExitStatus::Usage, message));
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "Do these {steps} steps? [y/N] ").map_err(Failure::failed)?;
    drop(stderr);
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(Failure::failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn tell_next(global: &Global, request: &Request) {
    if let [thing] = &request.things[..]
        && !global.quiet
        && !global.json
    {
        output::remark(format_args!(
            "try it: sealift --config {}/sealift.toml put FILE s3://{}/{thing}/",
            request.out.display(),
            request.bucket
        ));
    }
}
