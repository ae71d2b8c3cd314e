//! The protocol core as a program: the world `sealift:gateway/command`, for runtimes that know nothing of gateways.
//!
//! It imports nothing but standard WASI 0.2, so that it runs wherever there is `wasi:cli` and `wasi:http`. Mutual TLS with the
//! device's certificate is the runtime's affair, or that of a proxy on the same machine: WASI knows no client certificates.
//!
//! It has no sandboxed secret to protect and no host that watches: what the host does for the world `uploader`, it does
//! itself, with plain files.

mod arguments;
mod body;
mod file;
mod flight;
mod journal;
mod provider;
mod transfer;
mod vault;

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use sealift_core::credentials::Credentials;
use sealift_core::upload::Outcome;
use sealift_core::{Error, ErrorKind};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use arguments::{Task, USAGE};

fn main() -> ExitCode {
    let told = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Task::Help) => Ok(USAGE.to_owned()),
        Ok(Task::Put(put)) => transfer::put(&put).map(|outcome| stored(&put, &outcome)),
        Ok(Task::Credentials(provider)) => provider.fetch().map(|it| process_output(&it)),
        Err(error) => Err(error),
    };
    match told.and_then(|text| print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(format_args!("error: {}", described(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Says something on standard error. Whether anybody listens changes nothing.
fn tell(what: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{what}");
}

fn print(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").map_err(|error| {
        let message = format!("standard output does not take the result: {error}");
        Error::new(ErrorKind::Unavailable, message)
    })
}

fn stored(put: &arguments::Put, outcome: &Outcome) -> String {
    let how = match outcome {
        Outcome::Stored(_) => "->",
        Outcome::AlreadyThere(_) => "is already at",
    };
    let object = outcome.object();
    let (file, target) = (put.file.display(), put.target());
    format!(
        "{file} {how} {target} ({} bytes, ETag {})",
        object.bytes, object.etag
    )
}

/// As the AWS SDKs take it from a `credential_process` ("Sourcing credentials with an external process", AWS CLI User Guide).
fn process_output(credentials: &Credentials) -> String {
    let end = credentials
        .expiration()
        .and_then(|end| i64::try_from(end).ok());
    let end = end.and_then(|end| OffsetDateTime::from_unix_timestamp(end).ok());
    serde_json::json!({
        "Version": 1,
        "AccessKeyId": credentials.access_key_id(),
        "SecretAccessKey": credentials.secret_access_key(),
        "SessionToken": credentials.session_token(),
        "Expiration": end.and_then(|end| end.format(&Rfc3339).ok()),
    })
    .to_string()
}

fn described(error: &Error) -> String {
    match &error.cure {
        Some(cure) => format!("{}\n{cure}", error.message),
        None => error.message.clone(),
    }
}
