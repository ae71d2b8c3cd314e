//! `sealift run`: the gateway service.

use sealift::agent::{self, ServiceError};
use sealift_config::Environment;

use super::args::Global;
use super::{ExitStatus, Failure};

pub(super) async fn run(global: &Global) -> Result<(), Failure> {
    if global.component.is_some() {
        let message = "`run` takes no --component: a service runs what the state directory has";
        return Err(Failure::new(ExitStatus::Usage, message));
    }
    let environment = Environment::of_process();
    Ok(agent::run(global.config.as_deref(), &environment).await?)
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let status = if error.is_configuration() {
            ExitStatus::Usage
        } else {
            ExitStatus::Failed
        };
        Self::new(status, error)
    }
}
