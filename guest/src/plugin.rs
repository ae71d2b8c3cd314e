//! `plugin`: the component about itself.

use sealift_core::credentials::iot;
use sealift_core::{Error, ErrorKind, Settings};

use crate::Component;
use crate::bindings::exports::sealift::gateway::plugin::{Description, Guest};
use crate::bindings::types;
use crate::credentials::PROVIDERS;

impl Guest for Component {
    fn describe() -> Description {
        Description {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: [
                "credentials.fetch",
                "transfer.upload",
                "transfer.list-unfinished",
                "transfer.abort",
                "aws.call",
                "aws.presign",
            ]
            .map(str::to_owned)
            .to_vec(),
            providers: PROVIDERS.map(str::to_owned).to_vec(),
        }
    }

    fn probe() -> Result<(), types::Error> {
        Ok(probe()?)
    }
}

/// Builds the one request that needs neither network nor credentials.
fn probe() -> Result<(), Error> {
    let settings = [("endpoint", "credentials.example"), ("role-alias", "probe")];
    let owned = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let provider = iot::Provider::from_settings(Settings::new(owned.to_vec())?)?;
    let path = provider.request().uri().path().to_owned();
    if path == "/role-aliases/probe/credentials" {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Internal,
        format!("the probe asks for `{path}`"),
    ))
}
