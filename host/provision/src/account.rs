//! An AWS account, read and changed.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use sealift_config::ThingName;

use crate::found::FoundThing;
use crate::request::Files;
use crate::service::{iam, iot, s3, sts};
use crate::wire::{Service, Wire};
use crate::{Administrator, Error, Found, Request, Step, device, document};

/// How often an action is tried that needs what was made just now, which takes seconds to be known everywhere ("Changes that I
/// make are not always immediately visible", IAM User Guide).
const PATIENCE: u32 = 15;

/// Between two of those.
const PAUSE: Duration = Duration::from_secs(1);

/// An account, by the credentials of an administrator.
#[derive(Debug)]
pub struct Account {
    wire: Wire,
    ca: Option<std::path::PathBuf>,
    store: Option<String>,
}

impl Account {
    /// Asks nobody yet.
    pub fn new(administrator: Administrator) -> Result<Self, Error> {
        let store = administrator.override_of(Service::S3).map(str::to_owned);
        Ok(Self {
            ca: administrator.ca_bundle.clone(),
            store,
            wire: Wire::new(administrator)?,
        })
    }

    /// What is there of a request.
    pub fn find(&self, request: &Request) -> Result<Found, Error> {
        let wire = &self.wire;
        let name = request.name.as_str();
        let place = sts::place(wire)?;
        let policy = iot::policy(wire, name)?;
        let targets = match &policy {
            Some(_) => iot::targets(wire, name)?,
            None => Vec::new(),
        };
        let things = request.things.iter().map(|thing| {
            let found = self.find_thing(request, thing, &place)?;
            Ok((thing.clone(), found))
        });
        Ok(Found {
            bucket: s3::bucket(wire, &request.bucket)?,
            role: iam::role(wire, name)?,
            alias: iot::alias(wire, name)?,
            policy,
            targets,
            things: things.collect::<Result<BTreeMap<_, _>, Error>>()?,
            place,
        })
    }

    fn find_thing(
        &self,
        request: &Request,
        thing: &ThingName,
        place: &document::Place,
    ) -> Result<FoundThing, Error> {
        let wire = &self.wire;
        let files = Files::inside(&request.directory(thing));
        let certificate = match device::certificate_id(&files)? {
            None => None,
            Some(id) => {
                let there = iot::certificate(wire, &id)?;
                Some(there.ok_or_else(|| Error::Elsewhere {
                    path: files.certificate.clone(),
                    account: place.account.clone(),
                    region: place.region.clone(),
                })?)
            }
        };
        let attached = iot::principals(wire, thing.as_str())?;
        let mut principals = BTreeMap::new();
        for principal in attached.iter().flatten() {
            let mut things = iot::things_of(wire, principal)?;
            things.retain(|other| other != thing.as_str());
            principals.insert(principal.clone(), things);
        }
        Ok(FoundThing {
            exists: attached.is_some(),
            principals,
            certificate,
            has_files: device::has_files(&files),
        })
    }

    /// Does what a plan says. `tell` is called before each step; if it answers no, nothing further is done.
    pub fn carry_out(
        &self,
        request: &Request,
        found: &Found,
        steps: &[Step],
        mut tell: impl FnMut(&Step) -> bool,
    ) -> Result<(), Error> {
        let held = found.things.iter().filter_map(|(thing, there)| {
            Some((thing.clone(), there.certificate.as_ref()?.arn.clone()))
        });
        let mut work = Work {
            wire: &self.wire,
            request,
            found,
            certificates: held.collect(),
        };
        for step in steps {
            if !tell(step) {
                return Ok(());
            }
            match step {
                Step::WriteFiles { thing } => self.write_files(request, thing)?,
                step => work.take(step)?,
            }
        }
        Ok(())
    }

    fn write_files(&self, request: &Request, thing: &ThingName) -> Result<(), Error> {
        let endpoint = iot::endpoint(&self.wire)?;
        let settings = device::Settings {
            thing,
            endpoint: &endpoint,
            role_alias: request.name.as_str(),
            region: self.wire.region(),
            store: self.store.as_deref(),
        };
        let files = Files::inside(&request.directory(thing));
        device::write_files(&files, &settings, self.ca.as_deref())
    }
}

/// Steps under way.
struct Work<'a> {
    wire: &'a Wire,
    request: &'a Request,
    found: &'a Found,
    /// The ARN of each thing's certificate, as far as it is made.
    certificates: BTreeMap<ThingName, String>,
}

impl Work<'_> {
    fn take(&mut self, step: &Step) -> Result<(), Error> {
        let Self { wire, found, .. } = self;
        let place = &found.place;
        match step {
            Step::CreateBucket { bucket } => s3::create(wire, bucket),
            Step::ProtectBucket { bucket } => s3::protect(wire, bucket),
            Step::DeleteBucket { bucket } => s3::delete(wire, bucket),
            Step::CreateRole { role } => iam::create_role(wire, role.as_str(), &document::trust()),
            Step::UpdateTrust { role } => {
                iam::update_trust(wire, role.as_str(), &document::trust())
            }
            Step::PutPermissions { role, bucket } => {
                iam::put_permissions(wire, role.as_str(), &document::permissions(place, bucket))
            }
            Step::DeleteRole { role } => iam::delete_role(wire, role.as_str()),
            Step::CreateAlias { alias } => {
                let role = place.role(alias.as_str());
                patiently(|| iot::create_alias(wire, alias.as_str(), &role))
            }
            Step::DeleteAlias { alias } => iot::delete_alias(wire, alias.as_str()),
            Step::CreatePolicy { policy } => iot::create_policy(
                wire,
                policy.as_str(),
                &document::iot(place, policy.as_str()),
            ),
            Step::UpdatePolicy { policy } => iot::update_policy(
                wire,
                policy.as_str(),
                &document::iot(place, policy.as_str()),
            ),
            Step::DeletePolicy { policy } => {
                patiently(|| iot::delete_policy(wire, policy.as_str()))
            }
            Step::CreateThing { thing } => iot::create_thing(wire, thing.as_str()),
            Step::DeleteThing { thing } => patiently(|| iot::delete_thing(wire, thing.as_str())),
            Step::CreateCertificate { thing } => self.create_certificate(thing),
            Step::ActivateCertificate { thing } => {
                iot::set_active(wire, self.certificate(thing)?, true)
            }
            Step::AttachPolicy { thing } => {
                iot::attach_policy(wire, self.request.name.as_str(), self.certificate(thing)?)
            }
            Step::AttachThing { thing } => {
                iot::attach_thing(wire, thing.as_str(), self.certificate(thing)?)
            }
            Step::DetachThing { thing, certificate } => {
                iot::detach_thing(wire, thing.as_str(), certificate)
            }
            Step::DetachPolicy { certificate } => {
                iot::detach_policy(wire, self.request.name.as_str(), certificate)
            }
            Step::DeleteCertificate { certificate } => {
                iot::set_active(wire, certificate, false)?;
                patiently(|| iot::delete_certificate(wire, certificate))?;
                self.forget_certificate(certificate)
            }
            // The account's, which knows where the device's files go.
            Step::WriteFiles { .. } => Ok(()),
        }
    }

    /// The certificate is on disk before it is good for anything.
    fn create_certificate(&mut self, thing: &ThingName) -> Result<(), Error> {
        let files = Files::inside(&self.request.directory(thing));
        let csr = device::request(self.request, &files, thing)?;
        let made = iot::create_certificate(self.wire, &csr)?;
        device::write_certificate(&files, &made.pem)?;
        self.certificates.insert(thing.clone(), made.arn);
        Ok(())
    }

    /// The file of a certificate that is no more is of no use. The key stays: another certificate can be made for it.
    fn forget_certificate(&self, arn: &str) -> Result<(), Error> {
        let held = self.certificates.iter().filter(|(_, held)| *held == arn);
        for (thing, _) in held {
            device::remove_certificate(&Files::inside(&self.request.directory(thing)))?;
        }
        Ok(())
    }

    fn certificate(&self, thing: &ThingName) -> Result<&str, Error> {
        let made = self.certificates.get(thing).map(String::as_str);
        made.ok_or(Error::Malformed {
            action: "iot:CreateCertificateFromCsr",
            missing: "certificateArn",
        })
    }
}

/// Tries again while the services do not know yet of each other's doing.
fn patiently(mut work: impl FnMut() -> Result<(), Error>) -> Result<(), Error> {
    for _ in 1..PATIENCE {
        match work() {
            Err(error)
                if error.has_code("InvalidRequestException")
                    || error.has_code("DeleteConflictException")
                    || error.has_code("CertificateStateException") =>
            {
                thread::sleep(PAUSE);
            }
            done => return done,
        }
    }
    work()
}
