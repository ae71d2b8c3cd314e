//! `sealift key`: the device's key and certificate, looked at, made and replaced.

mod args;
mod rotate;
mod show;

use sealift_config::{Config, Environment, KeyPermissions, KeyReference};
use sealift_keystore::{
    DeviceKey, KeySpec, Subject, TokenSettings, certificate_request, generate_key, open_key,
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
    let tokens = tokens(global, &reference)?;
    let spec = args.algorithm.unwrap_or(USUAL);
    let key = generate_key(&reference, &tokens, spec).map_err(Failure::failed)?;
    if global.json {
        return output::json(&Generated {
            outcome: "generated",
            key: key.reference().to_string(),
            algorithm: key.algorithm().to_string(),
        });
    }
    output::line(&format!(
        "made the {} key {}",
        key.algorithm(),
        key.reference()
    ))
}

fn csr(global: &Global, args: args::Csr) -> Result<(), Failure> {
    // A key in a file and its subject are all that there is to know.
    let config = match (&args.key, &args.subject) {
        (Some(KeyReference::File(_)), Some(_)) => None,
        _ => Some(config(global)?),
    };
    let (permissions, tokens) = config.as_ref().map_or_else(
        || (KeyPermissions::Strict, TokenSettings::default()),
        |config| {
            let device = &config.device;
            (device.key_permissions, TokenSettings::from(device))
        },
    );
    let reference = args
        .key
        .or_else(|| Some(config.as_ref()?.device.key.clone()));
    let reference = reference.ok_or_else(|| usage("name the key"))?;
    let key = open_key(&reference, permissions, &tokens).map_err(Failure::failed)?;
    print_request(global, &*key, &subject(args.subject, config.as_ref())?)
}

/// What the configuration says of tokens, where the key is on one.
fn tokens(global: &Global, reference: &KeyReference) -> Result<TokenSettings, Failure> {
    match reference {
        KeyReference::File(_) => Ok(TokenSettings::default()),
        KeyReference::Pkcs11(_) | KeyReference::Tpm(_) => {
            Ok(TokenSettings::from(&config(global)?.device))
        }
    }
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
