//! `sealift local-cloud`: the stand-in AWS in the foreground.

use std::time::Duration;

use localcloud::{LocalCloud, Settings};

use super::args;
use super::{Failure, output, setup};

pub(super) async fn run(args: args::LocalCloud) -> Result<(), Failure> {
    let mut settings = Settings::new(args.dir);
    settings.listen = args.listen;
    settings.buckets = args.buckets;
    settings.credential_ttl = Duration::from_secs(args.credential_ttl);
    settings.clock_offset = args.clock_offset;
    settings.allow = (!args.allow.is_empty()).then_some(args.allow);
    settings.faults = args.faults;
    let cloud = localcloud::start(settings).await.map_err(Failure::failed)?;
    let service = async {
        announce(&cloud)?;
        std::future::pending().await
    };
    // A signal is how it is meant to end. Its handlers come before `ready`: whoever reads that
    // may send one at once.
    if let Ok(failed) = setup::until_interrupted(service).await {
        return failed;
    }
    cloud.shutdown().await;
    Ok(())
}

/// `ready` comes last: scripts wait for it.
fn announce(cloud: &LocalCloud) -> Result<(), Failure> {
    output::line(&format!(
        "credentials provider: {}",
        cloud.credentials_endpoint()
    ))?;
    output::line(&format!(
        "Roles Anywhere: {}",
        cloud.roles_anywhere_endpoint()
    ))?;
    output::line(&format!("S3: {}", cloud.s3_endpoint()))?;
    let paths = cloud.paths();
    for configuration in [&paths.config, &paths.roles_anywhere_config] {
        output::line(&format!("configuration: {}", configuration.display()))?;
    }
    output::line("ready")
}
