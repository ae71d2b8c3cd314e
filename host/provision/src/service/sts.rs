//! AWS STS: whose account it is.

use super::iam::query;
use super::xml;
use crate::Error;
use crate::document::Place;
use crate::wire::{Service, Wire};

/// The account behind the credentials.
pub(crate) fn place(wire: &Wire) -> Result<Place, Error> {
    let action = "sts:GetCallerIdentity";
    let answer = query(wire, Service::Sts, action, "2011-06-15", &[])?;
    let account = xml::text(&answer, "Account").ok_or(Error::Malformed {
        action,
        missing: "Account",
    })?;
    let arn = xml::text(&answer, "Arn").unwrap_or_default();
    let partition = arn
        .split(':')
        .nth(1)
        .filter(|partition| !partition.is_empty());
    Ok(Place {
        partition: partition.unwrap_or("aws").to_owned(),
        region: wire.region().to_owned(),
        account,
    })
}
