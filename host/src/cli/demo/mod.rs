//! `sealift demo`: the whole story on this machine, a line for each step.

mod device;
mod reader;
mod stage;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use localcloud::{LocalCloud, Settings};
use sealift::gateway::{Gateway, Unobserved, Upload};
use sealift::report;
use sealift::sandbox::{CallError, Cause, ErrorKind, Options};
use sealift_network::{ConnectError, NetworkError};
use sealift_payload::Source;

use super::args::Global;
use super::{Failure, setup};
use device::Device;
use stage::Stage;

const BUCKET: &str = "demo";
const KEY: &str = "demo/sealift";

/// Asks the address where cloud machines find their credentials; see `tests/guests`.
static STRAY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stray.wasm"));

/// Why a step did not go as it should.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error("what came back is not what was sent")]
    Different,
    #[error("it was not refused")]
    NotRefused,
    #[error("it was refused for another reason than it should be")]
    RefusedOtherwise(#[source] Arc<CallError>),
}

pub(super) async fn run(global: &Global) -> Result<(), Failure> {
    let directory = tempfile::tempdir().map_err(Failure::failed)?;
    let stage = Stage::new(global);
    // Boxed: the whole story is a large future.
    setup::until_interrupted(Box::pin(story(&stage, directory.path()))).await?
}

async fn story(stage: &Stage, directory: &Path) -> Result<(), Failure> {
    let file = std::env::current_exe().map_err(Failure::failed)?;
    let cloud = stage
        .step("stand-in AWS", start(directory), |cloud| {
            format!(
                "credentials provider on {}, S3 on {}",
                cloud.credentials_endpoint(),
                cloud.s3_endpoint()
            )
        })
        .await?;
    let device = Device::new(&cloud);
    let gateway = stage
        .step("device", async { device.gateway(&[], None) }, |_| {
            "thing `thing_x` with an RSA-2048 key, a certificate of the stand-in's CA and role alias `s3_role_alias`; component loaded".into()
        })
        .await?;
    stage
        .step("credentials", credentials(&gateway), |id| {
            format!("the component fetched {id} over mutual TLS")
        })
        .await?;
    stage
        .step("upload", upload(&gateway, &file), |(bytes, etag)| {
            format!(
                "{bytes} bytes of {} became s3://{BUCKET}/{KEY}, ETag {etag}",
                file.display()
            )
        })
        .await?;
    stage
        .step(
            "read back",
            compare(device.clone(), file.clone()),
            |bytes| format!("an independent client got the same {bytes} bytes"),
        )
        .await?;
    refusals(stage, &cloud, &device).await?;
    cloud.shutdown().await;
    Ok(())
}

async fn refusals(stage: &Stage, cloud: &LocalCloud, device: &Device) -> Result<(), Failure> {
    let stranger = Device::stranger(cloud).map_err(Failure::failed)?;
    let told = |error: &Arc<CallError>| format!("refused: {}", report::chain(error));
    stage
        .step(
            "unknown certificate",
            refused(device.gateway(&stranger, None)?, is_tls),
            told,
        )
        .await?;
    let other_thing = [("SEALIFT_DEVICE_THING_NAME", "thing_y".into())];
    stage
        .step(
            "another thing's name",
            refused(device.gateway(&other_thing, None)?, is_denied),
            told,
        )
        .await?;
    let stray = cloud.dir().join("stray.wasm");
    std::fs::write(&stray, STRAY).map_err(Failure::failed)?;
    stage
        .step(
            "forbidden origin",
            refused(device.gateway(&[], Some(&stray))?, is_egress),
            told,
        )
        .await?;
    Ok(())
}

async fn start(directory: &Path) -> Result<LocalCloud, Failure> {
    localcloud::start(Settings::new(directory))
        .await
        .map_err(Failure::failed)
}

async fn credentials(gateway: &Gateway) -> Result<String, Failure> {
    let credentials = gateway.credentials().await?;
    Ok(credentials.access_key_id().to_owned())
}

async fn upload(gateway: &Gateway, file: &Path) -> Result<(u64, String), Failure> {
    let source = Source::open(file).map_err(Failure::failed)?;
    let bytes = source.len();
    let upload = Upload {
        bucket: BUCKET.into(),
        key: KEY.into(),
        source: source.into(),
        options: Options::default(),
    };
    let outcome = gateway.upload(upload, Arc::new(Unobserved)).await?;
    Ok((bytes, outcome.object().etag.clone()))
}

/// Reads the object with a client that shares nothing with what wrote it.
async fn compare(device: Device, file: PathBuf) -> Result<usize, Failure> {
    let read = move || {
        let object = reader::read(&device, BUCKET, KEY)?;
        let original = std::fs::read(file)?;
        Ok::<_, reader::ReadError>((object == original).then_some(object.len()))
    };
    let same = tokio::task::spawn_blocking(read)
        .await
        .map_err(Failure::failed)?;
    same.map_err(Failure::failed)?
        .ok_or_else(|| Failure::failed(DemoError::Different))
}

/// Succeeds when the gateway gets no credentials, for the reason that is shown.
async fn refused(
    gateway: Gateway,
    expected: fn(&CallError) -> bool,
) -> Result<Arc<CallError>, Failure> {
    match gateway.credentials().await {
        Ok(_) => Err(Failure::failed(DemoError::NotRefused)),
        Err(error) if expected(&error) => Ok(error),
        Err(error) => Err(Failure::failed(DemoError::RefusedOtherwise(error))),
    }
}

fn is_tls(error: &CallError) -> bool {
    matches!(
        network_error(error),
        Some(NetworkError::Connect(ConnectError::Tls { .. }))
    )
}

fn is_denied(error: &CallError) -> bool {
    error.kind() == ErrorKind::Denied && network_error(error).is_none()
}

fn is_egress(error: &CallError) -> bool {
    matches!(network_error(error), Some(NetworkError::Denied { .. }))
}

fn network_error(error: &CallError) -> Option<&NetworkError> {
    match error.cause() {
        Some(Cause::Network(error)) => Some(error),
        _ => None,
    }
}
