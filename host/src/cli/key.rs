//! `sealift key`: the device's key and certificate, looked at, made and replaced.

mod args;
mod rotate;
mod show;

use std::path::Path;

use sealift_config::{Config, Environment, KeyPermissions, KeyReference};
use sealift_keystore::{
    DeviceKey, IdentityFiles, KeySpec, Subject, certificate_request, generate_file_key,
};
use serde::Serialize;

use super::args::Global;
use super::{ExitStatus, Failure, output};
pub(crate) use args::Key;

/// What a new key is unless somebody says otherwise: small, and the fastest to sign with.
const USUAL: KeySpec = KeySpec::P256;

pub(super) async fn run(global: &Global, command: Key) -> Result<(), Failure> {
    match command {
        Key::Show => show::run(global),
        Key::Generate(args) => generate(global, &args),
        Key::Csr(args) => csr(global, args),
        Key::Rotate(args) => rotate::run(global, args).await,
    }
}

/// A new key, as `--json` tells it.
#[derive(Serialize)]
struct Generated {
    outcome: &'static str,
    key: String,
    algorithm: String,
}

fn generate(global: &Global, args: &args::Generate) -> Result<(), Failure> {
    let reference = match &args.key {
        Some(reference) => reference.clone(),
        None => config(global)?.device.key,
    };
    let KeyReference::File(path) = &reference else {
        return Err(usage(format!(
            "keys are made in files only, not as {reference}"
        )));
    };
    let key = generate_file_key(path, args.algorithm.unwrap_or(USUAL)).map_err(Failure::failed)?;
    if global.json {
        return output::json(&Generated {
            outcome: "generated",
            key: reference.to_string(),
            algorithm: key.algorithm().to_string(),
        });
    }
    output::line(&format!("made the {} key {reference}", key.algorithm()))
}

fn csr(global: &Global, args: args::Csr) -> Result<(), Failure> {
    let config = match &args.key {
        // The key and its subject are all that there is to know.
        Some(_) if args.subject.is_some() => None,
        _ => Some(config(global)?),
    };
    let key = match (args.key, &config) {
        (Some(key), _) => IdentityFiles {
            certificate: Path::new("").to_owned(),
            key,
            key_permissions: KeyPermissions::Strict,
        },
        (None, Some(config)) => IdentityFiles::from(&config.device),
        (None, None) => return Ok(()),
    };
    let key = key.open_key().map_err(Failure::failed)?;
    print_request(global, &*key, &subject(args.subject, config.as_ref())?)
}

/// What the certificate shall say: the thing's name, if nobody says otherwise.
fn subject(given: Option<Subject>, config: Option<&Config>) -> Result<Subject, Failure> {
    let thing_name = config.and_then(|config| config.device.thing_name.as_ref());
    given
        .or_else(|| thing_name.map(|name| Subject::of_common_name(name.as_str())))
        .ok_or_else(|| {
            usage("the certificate's subject is unknown; set device.thing_name or give --subject CN=NAME")
        })
}

/// A request, as `--json` tells it.
#[derive(Serialize)]
struct Requested<'a> {
    outcome: &'static str,
    key: String,
    request: &'a str,
}

fn print_request(global: &Global, key: &dyn DeviceKey, subject: &Subject) -> Result<(), Failure> {
    let request = certificate_request(key, subject).map_err(Failure::failed)?;
    if global.json {
        return output::json(&Requested {
            outcome: "requested",
            key: key.reference().to_string(),
            request: &request,
        });
    }
    output::text(&request)
}

fn config(global: &Global) -> Result<Config, Failure> {
    let environment = Environment::of_process();
    Ok(Config::load(global.config.as_deref(), &environment)?)
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(ExitStatus::Usage, message.into())
}
