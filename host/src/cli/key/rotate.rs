//! `sealift key rotate`: a new key and certificate in the place of the old.

use std::path::Path;

use sealift::gateway::{self, Gateway};
use sealift_config::{Config, Environment};
use sealift_keystore::{Candidate, IdentityFiles, Rotation, RotationError};
use serde::Serialize;

use super::args::Rotate;
use super::{config, print_request, subject};
use crate::cli::args::Global;
use crate::cli::{Failure, output, setup};

/// What became of a certificate, as `--json` tells it.
#[derive(Serialize)]
struct Told<'a> {
    outcome: &'static str,
    certificate: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_id: Option<String>,
}

pub(super) async fn run(global: &Global, args: Rotate) -> Result<(), Failure> {
    let config = config(global)?;
    let rotation = Rotation::of(&IdentityFiles::from(&config.device))?;
    if let Some(certificate) = &args.certificate {
        return switch(global, &config, &rotation, certificate).await;
    }
    request(global, &config, &rotation, args)
}

/// Has the key that comes next ask for its certificate.
fn request(
    global: &Global,
    config: &Config,
    rotation: &Rotation,
    args: Rotate,
) -> Result<(), Failure> {
    let subject = subject(args.subject, Some(config))?;
    let key = rotation.next_key(args.algorithm)?;
    print_request(global, &*key, &subject)?;
    if !global.json && !global.quiet {
        output::remark(format_args!(
            "hint: have this request for {} signed, then run `sealift key rotate --certificate FILE`",
            key.reference()
        ));
    }
    Ok(())
}

async fn switch(
    global: &Global,
    config: &Config,
    rotation: &Rotation,
    certificate: &Path,
) -> Result<(), Failure> {
    let now = gateway::corrected_time(config, &Environment::of_process());
    let Some(candidate) = rotation.stage(certificate, now)? else {
        return tell(global, "in-force", certificate, None);
    };
    let id = candidate.fingerprint().to_string();
    setup::until_interrupted(try_out(global, config, &candidate)).await??;
    candidate.switch()?;
    tell(global, "rotated", certificate, Some(id))
}

/// Fetches credentials as a gateway with the new identity would. Nothing of that is kept, for it says
/// nothing of the identity in force.
async fn try_out(
    global: &Global,
    config: &Config,
    candidate: &Candidate<'_>,
) -> Result<(), Failure> {
    let files = candidate.files();
    let mut config = config.clone();
    config.device.certificate = files.certificate;
    config.device.key = files.key;
    let environment = Environment::of_process();
    let gateway = Gateway::open_on_trial(config, &environment, global.component.as_deref())?;
    gateway.credentials().await?;
    Ok(())
}

fn tell(
    global: &Global,
    outcome: &'static str,
    certificate: &Path,
    certificate_id: Option<String>,
) -> Result<(), Failure> {
    if global.json {
        return output::json(&Told {
            outcome,
            certificate,
            certificate_id,
        });
    }
    let file = certificate.display();
    match certificate_id {
        Some(id) => output::line(&format!(
            "{file} and its key are in force; AWS IoT certificate id {id}"
        )),
        None => output::line(&format!("{file} and its key were in force already")),
    }
}

impl From<RotationError> for Failure {
    fn from(error: RotationError) -> Self {
        Self::failed(error)
    }
}
