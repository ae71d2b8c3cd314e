//! AWS IAM: the role.

use http::Method;
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::{TAG, xml};
use crate::Error;
use crate::wire::{Asked, Service, Wire};

const VERSION: &str = "2010-05-08";

/// A role as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) trust: Value,
    /// Its policy of our name.
    pub(crate) permissions: Option<Value>,
    pub(crate) is_ours: bool,
}

/// What is there by that name.
pub(crate) fn role(wire: &Wire, name: &str) -> Result<Option<Role>, Error> {
    let asked = iam(wire, "iam:GetRole", &[("RoleName", name)]);
    let answer = match asked {
        Err(error) if error.is_absence() => return Ok(None),
        answer => answer?,
    };
    let named = [("RoleName", name), ("PolicyName", name)];
    let permissions = match iam(wire, "iam:GetRolePolicy", &named) {
        Err(error) if error.is_absence() => None,
        answer => Some(document(&answer?, "PolicyDocument")),
    };
    let tags = iam(wire, "iam:ListRoleTags", &[("RoleName", name)])?;
    Ok(Some(Role {
        trust: document(&answer, "AssumeRolePolicyDocument"),
        permissions,
        is_ours: tags.contains(TAG.0),
    }))
}

pub(crate) fn create_role(wire: &Wire, name: &str, trust: &Value) -> Result<(), Error> {
    let trust = trust.to_string();
    let parameters = [
        ("RoleName", name),
        ("AssumeRolePolicyDocument", &trust),
        (
            "Description",
            "What devices may do with their certificates; made by sealift provision",
        ),
        ("Tags.member.1.Key", TAG.0),
        ("Tags.member.1.Value", TAG.1),
    ];
    iam(wire, "iam:CreateRole", &parameters).map(drop)
}

pub(crate) fn update_trust(wire: &Wire, name: &str, trust: &Value) -> Result<(), Error> {
    let trust = trust.to_string();
    let parameters = [("RoleName", name), ("PolicyDocument", &trust)];
    iam(wire, "iam:UpdateAssumeRolePolicy", &parameters).map(drop)
}

pub(crate) fn put_permissions(wire: &Wire, name: &str, policy: &Value) -> Result<(), Error> {
    let policy = policy.to_string();
    let parameters = [
        ("RoleName", name),
        ("PolicyName", name),
        ("PolicyDocument", &policy),
    ];
    iam(wire, "iam:PutRolePolicy", &parameters).map(drop)
}

/// Deletes the role with its policy.
pub(crate) fn delete_role(wire: &Wire, name: &str) -> Result<(), Error> {
    let named = [("RoleName", name), ("PolicyName", name)];
    match iam(wire, "iam:DeleteRolePolicy", &named) {
        Err(error) if error.is_absence() => {}
        done => drop(done?),
    }
    iam(wire, "iam:DeleteRole", &[("RoleName", name)]).map(drop)
}

fn iam(wire: &Wire, action: &'static str, parameters: &[(&str, &str)]) -> Result<String, Error> {
    query(wire, Service::Iam, action, VERSION, parameters)
}

/// A request of the protocol AWS Query.
pub(super) fn query(
    wire: &Wire,
    service: Service,
    action: &'static str,
    version: &str,
    parameters: &[(&str, &str)],
) -> Result<String, Error> {
    let name = action.split(':').nth(1).unwrap_or(action);
    let fixed = [("Action", name), ("Version", version)];
    let all = fixed.iter().chain(parameters);
    // As HTML forms are: a space is a plus.
    let encoded = all.map(|(name, value)| format!("{name}={}", encode(value).replace("%20", "+")));
    let body = encoded.collect::<Vec<_>>().join("&");
    let answer = wire.ask(&Asked {
        service,
        action,
        method: Method::POST,
        target: "/".to_owned(),
        headers: vec![(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8".to_owned(),
        )],
        body: body.into_bytes(),
    })?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// All but the unreserved characters of RFC 3986.
const UNRESERVED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A policy in an answer, where it is percent-encoded JSON (IAM API reference, `GetRole`).
fn document(answer: &str, element: &str) -> Value {
    let text = xml::text(answer, element).unwrap_or_default();
    let text = percent_decode_str(&text).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_default()
}
