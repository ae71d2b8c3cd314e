//! What is to be done.

use std::collections::BTreeSet;

use crate::found::FoundThing;
use crate::service::iot::{Alias, Policy};
use crate::{Found, Request, Step, document};

/// Something by our name that somebody else made, and that is not what we need.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {what} `{name}` is there, was not made by sealift, and is not as it would be; choose another name with --name, or delete it"
)]
pub struct Foreign {
    what: &'static str,
    name: String,
}

/// What is missing, in the order in which it has to be made. Nothing, where all is as it should be.
pub fn plan(request: &Request, found: &Found) -> Result<Vec<Step>, Foreign> {
    let mut steps = Vec::new();
    bucket(request, found, &mut steps);
    role(request, found, &mut steps)?;
    alias(request, found, &mut steps)?;
    policy(request, found, &mut steps)?;
    for (thing, there) in &found.things {
        let certificate = there.certificate.as_ref();
        let has = |list: &dyn Fn(&str) -> bool| certificate.is_some_and(|it| list(&it.arn));
        let missing = [
            (
                !there.exists,
                Step::CreateThing {
                    thing: thing.clone(),
                },
            ),
            (
                certificate.is_none(),
                Step::CreateCertificate {
                    thing: thing.clone(),
                },
            ),
            (
                !certificate.is_some_and(|it| it.is_active),
                Step::ActivateCertificate {
                    thing: thing.clone(),
                },
            ),
            (
                !has(&|arn| found.targets.iter().any(|target| target == arn)),
                Step::AttachPolicy {
                    thing: thing.clone(),
                },
            ),
            (
                !has(&|arn| there.principals.contains_key(arn)),
                Step::AttachThing {
                    thing: thing.clone(),
                },
            ),
            (
                !there.has_files,
                Step::WriteFiles {
                    thing: thing.clone(),
                },
            ),
        ];
        let missing = missing.into_iter().filter(|(is_missing, _)| *is_missing);
        steps.extend(missing.map(|(_, step)| step));
    }
    Ok(steps)
}

fn bucket(request: &Request, found: &Found, steps: &mut Vec<Step>) {
    if !request.create_bucket {
        return;
    }
    let bucket = || request.bucket.clone();
    if found.bucket.is_none() {
        steps.push(Step::CreateBucket { bucket: bucket() });
    }
    if !found.bucket.is_some_and(|it| it.is_protected) {
        steps.push(Step::ProtectBucket { bucket: bucket() });
    }
}

fn role(request: &Request, found: &Found, steps: &mut Vec<Step>) -> Result<(), Foreign> {
    let name = || request.name.clone();
    let put = Step::PutPermissions {
        role: name(),
        bucket: request.bucket.clone(),
    };
    let Some(role) = &found.role else {
        steps.extend([Step::CreateRole { role: name() }, put]);
        return Ok(());
    };
    let trusts = role.trust == document::trust();
    let permits =
        role.permissions.as_ref() == Some(&document::permissions(&found.place, &request.bucket));
    ours(role.is_ours, trusts && permits, "role", request)?;
    if !trusts {
        steps.push(Step::UpdateTrust { role: name() });
    }
    if !permits {
        steps.push(put);
    }
    Ok(())
}

fn alias(request: &Request, found: &Found, steps: &mut Vec<Step>) -> Result<(), Foreign> {
    let alias = request.name.clone();
    match &found.alias {
        None => steps.push(Step::CreateAlias { alias }),
        Some(there) => {
            ours(
                false,
                leads_to_role(found, request, there),
                "role alias",
                request,
            )?;
        }
    }
    Ok(())
}

fn policy(request: &Request, found: &Found, steps: &mut Vec<Step>) -> Result<(), Foreign> {
    let policy = request.name.clone();
    match &found.policy {
        None => steps.push(Step::CreatePolicy { policy }),
        Some(there) => {
            let is_right = there.document == document::iot(&found.place, request.name.as_str());
            ours(
                names_alias(found, request, there),
                is_right,
                "IoT policy",
                request,
            )?;
            if !is_right {
                steps.push(Step::UpdatePolicy { policy });
            }
        }
    }
    Ok(())
}

/// AWS IoT takes tags too, but what leads to our role is known without.
fn leads_to_role(found: &Found, request: &Request, alias: &Alias) -> bool {
    alias.role == found.place.role(request.name.as_str())
}

/// A policy for our role alias, perhaps of another version of this program.
fn names_alias(found: &Found, request: &Request, policy: &Policy) -> bool {
    let alias = found.place.iot(&format!("rolealias/{}", request.name));
    policy
        .document
        .to_string()
        .contains(&format!("\"{alias}\""))
}

fn ours(
    is_ours: bool,
    is_right: bool,
    what: &'static str,
    request: &Request,
) -> Result<(), Foreign> {
    if is_ours || is_right {
        return Ok(());
    }
    Err(Foreign {
        what,
        name: request.name.to_string(),
    })
}

/// What undoes it: the things with their certificates, and what all things share if nobody else uses it. What others made
/// stays; so does the bucket, unless its deletion is asked for, and then it goes only if it is empty.
pub fn unplan(request: &Request, found: &Found, delete_bucket: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut gone = BTreeSet::new();
    for (thing, there) in &found.things {
        for (certificate, others) in certificates(there) {
            let certificate = certificate.to_owned();
            if there.principals.contains_key(&certificate) {
                steps.push(Step::DetachThing {
                    thing: thing.clone(),
                    certificate: certificate.clone(),
                });
            }
            let is_elsewhere =
                |other: &String| !found.things.keys().any(|thing| thing.as_str() == other);
            if others.iter().any(is_elsewhere) || !gone.insert(certificate.clone()) {
                continue;
            }
            if found.targets.contains(&certificate) {
                steps.push(Step::DetachPolicy {
                    certificate: certificate.clone(),
                });
            }
            steps.push(Step::DeleteCertificate { certificate });
        }
        if there.exists {
            steps.push(Step::DeleteThing {
                thing: thing.clone(),
            });
        }
    }
    // A certificate is deleted when no thing has it any more.
    let (detach, rest): (Vec<Step>, Vec<Step>) = steps
        .into_iter()
        .partition(|step| matches!(step, Step::DetachThing { .. }));
    let mut steps = [detach, rest].concat();
    if found.targets.iter().all(|target| gone.contains(target)) {
        steps.extend(shared(request, found));
    }
    if delete_bucket && found.bucket.is_some_and(|bucket| bucket.is_ours) {
        steps.push(Step::DeleteBucket {
            bucket: request.bucket.clone(),
        });
    }
    steps
}

/// Those that are attached, and the one in the directory, each with the other things that it stands for.
fn certificates(there: &FoundThing) -> impl Iterator<Item = (&str, &[String])> {
    let attached = there
        .principals
        .iter()
        .map(|(arn, others)| (arn.as_str(), others.as_slice()));
    let held = there.certificate.iter().map(|it| it.arn.as_str());
    let held = held.filter(|arn| !there.principals.contains_key(*arn));
    attached.chain(held.map(|arn| (arn, [].as_slice())))
}

fn shared(request: &Request, found: &Found) -> Vec<Step> {
    let name = || request.name.clone();
    let is_ours = [
        found
            .policy
            .as_ref()
            .is_some_and(|it| names_alias(found, request, it)),
        found
            .alias
            .as_ref()
            .is_some_and(|it| leads_to_role(found, request, it)),
        found.role.as_ref().is_some_and(|it| it.is_ours),
    ];
    let steps = [
        Step::DeletePolicy { policy: name() },
        Step::DeleteAlias { alias: name() },
        Step::DeleteRole { role: name() },
    ];
    let all = is_ours.into_iter().zip(steps);
    all.filter_map(|(is_ours, step)| is_ours.then_some(step))
        .collect()
}
