//! `sealift call`: a signed request to any service of AWS.

mod args;
mod body;
mod header;
mod printed;
mod target;

use std::time::Duration;

use http::StatusCode;
use sealift::gateway::Gateway;
use sealift::sandbox::{CallError, ErrorKind};

pub(super) use args::Call;

use super::args::Global;
use super::{ExitStatus, Failure, output, setup};
use printed::{Answered, Printed};

/// The service's answer is on standard output; this is what the exit status says of it.
#[derive(Debug, thiserror::Error)]
#[error("{service} answered with {status}")]
struct Refused {
    service: String,
    status: StatusCode,
}

pub(super) async fn run(global: &Global, args: Call) -> Result<(), Failure> {
    let gateway = setup::gateway(global)?;
    let presign = args.presign;
    let include = args.include;
    let request = args.request(gateway.config()).await?;
    if let Some(seconds) = presign {
        let signed = gateway.presign(request, seconds);
        let url = setup::until_interrupted(signed).await?.map_err(failed)?;
        warn_of_end(&gateway, global, seconds).await;
        return output::line(&url);
    }
    let service = request.service.clone();
    let mut printed = Printed::new(global.json, include);
    let answered = setup::until_interrupted(gateway.call(request, &mut printed)).await?;
    if !printed.reader_has_left() {
        answered.map_err(failed)?;
    }
    printed.settle(service)
}

/// What the component refuses before it asks anybody is wrong usage.
fn failed(error: CallError) -> Failure {
    let is_usage = error.kind() == ErrorKind::InvalidInput && error.status().is_none();
    let mut failure = Failure::from(error);
    if is_usage {
        failure.status = ExitStatus::Usage;
    }
    failure
}

/// A URL ends with the credentials that signed it, whatever it says.
async fn warn_of_end(gateway: &Gateway, global: &Global, seconds: u32) {
    let Ok(credentials) = gateway.credentials().await else {
        return;
    };
    let left = credentials.expiration().duration_since(gateway.now());
    let left = left.unwrap_or_default();
    if !global.quiet && left < Duration::from_secs(seconds.into()) {
        let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
        output::remark(format_args!(
            "the credentials that signed this URL end in {left}, and the URL with them"
        ));
    }
}

impl Printed {
    fn settle(self, service: String) -> Result<(), Failure> {
        let Answered {
            status,
            may_work_later,
        } = self.finish()?;
        if !status.is_client_error() && !status.is_server_error() {
            return Ok(());
        }
        let exit = if may_work_later {
            ExitStatus::TryLater
        } else {
            ExitStatus::Failed
        };
        let mut failure = Failure::new(exit, Refused { service, status });
        failure.cure = match status {
            StatusCode::FORBIDDEN => Some(
                "the answer tells why; the role behind the role alias must allow this action"
                    .to_owned(),
            ),
            _ => None,
        };
        Err(failure)
    }
}
