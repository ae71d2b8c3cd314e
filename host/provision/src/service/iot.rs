//! AWS IoT: role alias, policy, things and certificates.

use http::Method;
use serde_json::{Value, json};

use super::iam::encode;
use crate::Error;
use crate::wire::{Asked, Service, Wire};

/// How long credentials last, in seconds: the usual hour (`CreateRoleAlias`, AWS IoT API reference).
const DURATION: u32 = 3600;

/// Versions that a policy may have ("AWS IoT Core policy limits").
const MOST_VERSIONS: usize = 5;

/// A role alias as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) role: String,
}

/// A policy as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) document: Value,
}

/// A certificate as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) arn: String,
    pub(crate) is_active: bool,
}

/// A certificate that was just made, and is not active yet.
pub(crate) struct Made {
    pub(crate) arn: String,
    pub(crate) pem: String,
}

pub(crate) fn alias(wire: &Wire, name: &str) -> Result<Option<Alias>, Error> {
    let action = "iot:DescribeRoleAlias";
    let path = format!("/role-aliases/{}", encode(name));
    let Some(answer) = present(ask(wire, action, Method::GET, &path, &Value::Null))? else {
        return Ok(None);
    };
    let role = text(&answer["roleAliasDescription"], action, "roleArn")?;
    Ok(Some(Alias { role }))
}

pub(crate) fn create_alias(wire: &Wire, name: &str, role: &str) -> Result<(), Error> {
    let path = format!("/role-aliases/{}", encode(name));
    let body = json!({"roleArn": role, "credentialDurationSeconds": DURATION});
    ask(wire, "iot:CreateRoleAlias", Method::POST, &path, &body).map(drop)
}

pub(crate) fn delete_alias(wire: &Wire, name: &str) -> Result<(), Error> {
    let path = format!("/role-aliases/{}", encode(name));
    ask(
        wire,
        "iot:DeleteRoleAlias",
        Method::DELETE,
        &path,
        &Value::Null,
    )
    .map(drop)
}

pub(crate) fn policy(wire: &Wire, name: &str) -> Result<Option<Policy>, Error> {
    let action = "iot:GetPolicy";
    let path = format!("/policies/{}", encode(name));
    let Some(answer) = present(ask(wire, action, Method::GET, &path, &Value::Null))? else {
        return Ok(None);
    };
    let document = text(&answer, action, "policyDocument")?;
    Ok(Some(Policy {
        document: serde_json::from_str(&document).unwrap_or_default(),
    }))
}

pub(crate) fn create_policy(wire: &Wire, name: &str, document: &Value) -> Result<(), Error> {
    let path = format!("/policies/{}", encode(name));
    let body = json!({"policyDocument": document.to_string()});
    ask(wire, "iot:CreatePolicy", Method::POST, &path, &body).map(drop)
}

/// Puts a new version in force. The oldest of the others makes room for it.
pub(crate) fn update_policy(wire: &Wire, name: &str, document: &Value) -> Result<(), Error> {
    let versions = other_versions(wire, name)?;
    if versions.len() + 1 >= MOST_VERSIONS
        && let Some(oldest) = versions.first()
    {
        delete_version(wire, name, oldest)?;
    }
    let path = format!("/policies/{}/version?setAsDefault=true", encode(name));
    let body = json!({"policyDocument": document.to_string()});
    ask(wire, "iot:CreatePolicyVersion", Method::POST, &path, &body).map(drop)
}

pub(crate) fn delete_policy(wire: &Wire, name: &str) -> Result<(), Error> {
    for version in other_versions(wire, name)? {
        delete_version(wire, name, &version)?;
    }
    let path = format!("/policies/{}", encode(name));
    ask(
        wire,
        "iot:DeletePolicy",
        Method::DELETE,
        &path,
        &Value::Null,
    )
    .map(drop)
}

/// Ids of the versions that are not in force, the oldest first.
fn other_versions(wire: &Wire, name: &str) -> Result<Vec<String>, Error> {
    let path = format!("/policies/{}/version", encode(name));
    let answer = ask(
        wire,
        "iot:ListPolicyVersions",
        Method::GET,
        &path,
        &Value::Null,
    )?;
    let versions = answer["policyVersions"].as_array().into_iter().flatten();
    let others = versions.filter(|version| version["isDefaultVersion"] != true);
    let mut ids: Vec<u64> = others
        .filter_map(|version| version["versionId"].as_str()?.parse().ok())
        .collect();
    ids.sort_unstable();
    Ok(ids.iter().map(ToString::to_string).collect())
}

fn delete_version(wire: &Wire, name: &str, version: &str) -> Result<(), Error> {
    let path = format!("/policies/{}/version/{version}", encode(name));
    ask(
        wire,
        "iot:DeletePolicyVersion",
        Method::DELETE,
        &path,
        &Value::Null,
    )
    .map(drop)
}

/// Certificates that the policy is attached to, by their ARNs.
pub(crate) fn targets(wire: &Wire, policy: &str) -> Result<Vec<String>, Error> {
    let path = format!("/policy-targets/{}", encode(policy));
    pages(
        wire,
        ("iot:ListTargetsForPolicy", &Method::POST),
        &path,
        "targets",
        "nextMarker",
        "marker",
    )
}

pub(crate) fn attach_policy(wire: &Wire, name: &str, target: &str) -> Result<(), Error> {
    let path = format!("/target-policies/{}", encode(name));
    let body = json!({"target": target});
    ask(wire, "iot:AttachPolicy", Method::PUT, &path, &body).map(drop)
}

pub(crate) fn detach_policy(wire: &Wire, name: &str, target: &str) -> Result<(), Error> {
    let path = format!("/target-policies/{}", encode(name));
    let body = json!({"target": target});
    ask(wire, "iot:DetachPolicy", Method::POST, &path, &body).map(drop)
}

/// The certificates of a thing, by their ARNs; nothing if there is no such thing.
pub(crate) fn principals(wire: &Wire, thing: &str) -> Result<Option<Vec<String>>, Error> {
    let thing = format!("/things/{}", encode(thing));
    let described = ask(wire, "iot:DescribeThing", Method::GET, &thing, &Value::Null);
    if present(described)?.is_none() {
        return Ok(None);
    }
    let path = format!("{thing}/principals");
    let action = "iot:ListThingPrincipals";
    pages(
        wire,
        (action, &Method::GET),
        &path,
        "principals",
        "nextToken",
        "nextToken",
    )
    .map(Some)
}

pub(crate) fn create_thing(wire: &Wire, thing: &str) -> Result<(), Error> {
    let path = format!("/things/{}", encode(thing));
    ask(wire, "iot:CreateThing", Method::POST, &path, &json!({})).map(drop)
}

pub(crate) fn delete_thing(wire: &Wire, thing: &str) -> Result<(), Error> {
    let path = format!("/things/{}", encode(thing));
    ask(wire, "iot:DeleteThing", Method::DELETE, &path, &Value::Null).map(drop)
}

pub(crate) fn attach_thing(wire: &Wire, thing: &str, principal: &str) -> Result<(), Error> {
    principal_of(
        wire,
        "iot:AttachThingPrincipal",
        Method::PUT,
        thing,
        principal,
    )
}

pub(crate) fn detach_thing(wire: &Wire, thing: &str, principal: &str) -> Result<(), Error> {
    principal_of(
        wire,
        "iot:DetachThingPrincipal",
        Method::DELETE,
        thing,
        principal,
    )
}

fn principal_of(
    wire: &Wire,
    action: &'static str,
    method: Method,
    thing: &str,
    principal: &str,
) -> Result<(), Error> {
    let path = format!("/things/{}/principals", encode(thing));
    let headers = vec![("x-amzn-principal", principal.to_owned())];
    send(wire, action, method, &path, headers, &Value::Null).map(drop)
}

/// Things that a certificate stands for.
pub(crate) fn things_of(wire: &Wire, principal: &str) -> Result<Vec<String>, Error> {
    let headers = vec![("x-amzn-principal", principal.to_owned())];
    let action = "iot:ListPrincipalThings";
    let answer = send(
        wire,
        action,
        Method::GET,
        "/principals/things",
        headers,
        &Value::Null,
    )?;
    Ok(texts(&answer["things"]))
}

pub(crate) fn certificate(wire: &Wire, id: &str) -> Result<Option<Certificate>, Error> {
    let action = "iot:DescribeCertificate";
    let path = format!("/certificates/{id}");
    let Some(answer) = present(ask(wire, action, Method::GET, &path, &Value::Null))? else {
        return Ok(None);
    };
    let described = &answer["certificateDescription"];
    Ok(Some(Certificate {
        arn: text(described, action, "certificateArn")?,
        is_active: described["status"] == "ACTIVE",
    }))
}

/// Has a certificate made for a request in PEM. It is not active, so that one which an interruption loses is good for nothing.
pub(crate) fn create_certificate(wire: &Wire, request: &str) -> Result<Made, Error> {
    let action = "iot:CreateCertificateFromCsr";
    let body = json!({"certificateSigningRequest": request});
    let path = "/certificates?setAsActive=false";
    let answer = ask(wire, action, Method::POST, path, &body)?;
    Ok(Made {
        arn: text(&answer, action, "certificateArn")?,
        pem: text(&answer, action, "certificatePem")?,
    })
}

pub(crate) fn set_active(wire: &Wire, arn: &str, active: bool) -> Result<(), Error> {
    let status = if active { "ACTIVE" } else { "INACTIVE" };
    let path = format!("/certificates/{}?newStatus={status}", id_of(arn));
    ask(
        wire,
        "iot:UpdateCertificate",
        Method::PUT,
        &path,
        &Value::Null,
    )
    .map(drop)
}

pub(crate) fn delete_certificate(wire: &Wire, arn: &str) -> Result<(), Error> {
    let path = format!("/certificates/{}", id_of(arn));
    ask(
        wire,
        "iot:DeleteCertificate",
        Method::DELETE,
        &path,
        &Value::Null,
    )
    .map(drop)
}

/// `arn:aws:iot:REGION:ACCOUNT:cert/ID`.
fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The account's endpoint of the credentials provider.
pub(crate) fn endpoint(wire: &Wire) -> Result<String, Error> {
    let action = "iot:DescribeEndpoint";
    let path = "/endpoint?endpointType=iot%3ACredentialProvider";
    let answer = ask(wire, action, Method::GET, path, &Value::Null)?;
    text(&answer, action, "endpointAddress")
}

/// All pages of a list; a hundred at most.
fn pages(
    wire: &Wire,
    (action, method): (&'static str, &Method),
    path: &str,
    list: &str,
    next: &str,
    parameter: &str,
) -> Result<Vec<String>, Error> {
    let (mut all, mut marker) = (Vec::new(), None::<String>);
    for _ in 0..100 {
        let from = marker.map_or_else(String::new, |marker| {
            format!("?{parameter}={}", encode(&marker))
        });
        let answer = ask(
            wire,
            action,
            method.clone(),
            &format!("{path}{from}"),
            &Value::Null,
        )?;
        all.extend(texts(&answer[list]));
        marker = answer[next].as_str().map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(all)
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|item| Some(item.as_str()?.to_owned()))
        .collect()
}

fn text(answer: &Value, action: &'static str, missing: &'static str) -> Result<String, Error> {
    let found = answer[missing].as_str().map(str::to_owned);
    found.ok_or(Error::Malformed { action, missing })
}

/// An answer, or nothing where there is no such resource.
fn present(answer: Result<Value, Error>) -> Result<Option<Value>, Error> {
    match answer {
        Err(error) if error.is_absence() => Ok(None),
        answer => answer.map(Some),
    }
}

fn ask(
    wire: &Wire,
    action: &'static str,
    method: Method,
    target: &str,
    body: &Value,
) -> Result<Value, Error> {
    send(wire, action, method, target, Vec::new(), body)
}

fn send(
    wire: &Wire,
    action: &'static str,
    method: Method,
    target: &str,
    mut headers: Vec<(&'static str, String)>,
    body: &Value,
) -> Result<Value, Error> {
    let body = if body.is_null() {
        Vec::new()
    } else {
        headers.push(("content-type", "application/json".to_owned()));
        body.to_string().into_bytes()
    };
    let answer = wire.ask(&Asked {
        service: Service::Iot,
        action,
        method,
        target: target.to_owned(),
        headers,
        body,
    })?;
    Ok(serde_json::from_slice(&answer).unwrap_or_default())
}
