//! `[credentials]`: where temporary credentials come from.

use super::{Device, SignaturePurpose};
use crate::section::Section;
use crate::value::Value;
use crate::{Arn, Authority, Error, Region, RoleAlias, SessionDuration, SessionName};

/// `[credentials]`: what turns the device's certificate into temporary credentials.
#[derive(Clone, Debug)]
pub enum CredentialProvider {
    /// The AWS IoT Core credentials provider.
    Iot(Iot),
    /// IAM Roles Anywhere.
    RolesAnywhere(Box<RolesAnywhere>),
}

/// The AWS IoT Core credentials provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Iot {
    /// The account's endpoint of type `iot:CredentialProvider`.
    pub endpoint: Authority,
    /// The role alias whose role is assumed.
    pub role_alias: RoleAlias,
}

/// IAM Roles Anywhere, for devices outside of AWS IoT Core.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RolesAnywhere {
    /// The service in the trust anchor's region.
    pub endpoint: Authority,
    /// The region that requests are signed for.
    pub region: Region,
    /// What vouches for the device's certificate.
    pub trust_anchor: Arn,
    /// Which roles there are, and for how long.
    pub profile: Arn,
    /// The role that is assumed.
    pub role: Arn,
    /// The session's name, where the profile lets callers choose one.
    pub session_name: Option<SessionName>,
    /// How long a session lasts. None: as long as the profile says.
    pub duration: Option<SessionDuration>,
}

keyword! {
    /// The kinds of credential providers.
    ProviderKind {
        /// The AWS IoT Core credentials provider.
        Iot = "iot",
        /// IAM Roles Anywhere.
        RolesAnywhere = "roles-anywhere",
    }
}

impl CredentialProvider {
    pub(crate) const NAME: &'static str = "credentials";

    pub(crate) fn read(mut section: Section<'_>, device: &Device) -> Result<Self, Error> {
        let kind = section.optional("provider", |value| value.kind(device))?;
        let provider = match kind.unwrap_or(ProviderKind::Iot) {
            ProviderKind::Iot => Self::Iot(Iot::read(&mut section)?),
            ProviderKind::RolesAnywhere => {
                Self::RolesAnywhere(Box::new(RolesAnywhere::read(&mut section)?))
            }
        };
        section.finish()?;
        Ok(provider)
    }

    /// Where it is asked.
    pub fn endpoint(&self) -> &Authority {
        match self {
            Self::Iot(iot) => &iot.endpoint,
            Self::RolesAnywhere(roles_anywhere) => &roles_anywhere.endpoint,
        }
    }

    /// The region that it is in, if that can be told.
    pub fn region(&self) -> Option<Region> {
        match self {
            Self::Iot(iot) => Region::of_credentials_endpoint(&iot.endpoint),
            Self::RolesAnywhere(roles_anywhere) => Some(roles_anywhere.region.clone()),
        }
    }
}

impl Iot {
    fn read(section: &mut Section<'_>) -> Result<Self, Error> {
        Ok(Self {
            endpoint: section.required("endpoint", Value::parse)?,
            role_alias: section.required("role_alias", Value::parse)?,
        })
    }
}

impl RolesAnywhere {
    fn read(section: &mut Section<'_>) -> Result<Self, Error> {
        let (trust_anchor, region) = section.required("trust_anchor_arn", |value| {
            value.regional_arn("trust-anchor/", None)
        })?;
        let (profile, _) = section.required("profile_arn", |value| {
            value.regional_arn("profile/", Some(&region))
        })?;
        let endpoint = section.optional("endpoint", Value::parse)?;
        Ok(Self {
            role: section.required("role_arn", |value| value.arn("iam", "role/", &profile))?,
            session_name: section.optional("session_name", Value::parse)?,
            duration: section.optional("duration", Value::parse)?,
            endpoint: match endpoint {
                Some(endpoint) => endpoint,
                None => usual_endpoint(section, &region)?,
            },
            region,
            trust_anchor,
            profile,
        })
    }
}

/// "IAM Roles Anywhere endpoints and quotas", AWS General Reference.
fn usual_endpoint(section: &Section<'_>, region: &Region) -> Result<Authority, Error> {
    let name = format!("rolesanywhere.{region}.{}", region.dns_suffix());
    name.parse().map_err(|_| {
        section.missing(
            "endpoint",
            Some("the region of trust_anchor_arn is none of AWS's"),
        )
    })
}

impl Value<'_> {
    /// A kind of provider that the device's key may serve.
    fn kind(self, device: &Device) -> Result<ProviderKind, Error> {
        let granted = device.sign_for.contains(&SignaturePurpose::RolesAnywhere);
        let accept = |kind| match kind {
            ProviderKind::RolesAnywhere if !granted => Err(
                "this provider wants signatures of the device's key; grant them with \
                 sign_for = [\"roles-anywhere\"] in [device]"
                    .to_owned(),
            ),
            kind => Ok(kind),
        };
        self.parse_if(accept)
    }

    /// An ARN of a service and a kind of resource, in the partition of another.
    fn arn(self, service: &str, resource: &str, other: &Arn) -> Result<Arn, Error> {
        let accept = |arn: Arn| {
            if arn.is(service, resource) && arn.partition() == other.partition() {
                return Ok(arn);
            }
            let form = format!("arn:aws:{service}:…:{resource}…");
            Err(format!(
                "this is another kind of ARN; it must be like {form}"
            ))
        };
        self.parse_if(accept)
    }

    /// An ARN of IAM Roles Anywhere and the region in it, which must be `wanted` if there is one.
    fn regional_arn(self, resource: &str, wanted: Option<&Region>) -> Result<(Arn, Region), Error> {
        let accept = |arn: Arn| {
            let fits = arn.is("rolesanywhere", resource);
            let region = arn.region().filter(|region| region.is_awss()).cloned();
            match (region, wanted) {
                (Some(region), Some(wanted)) if fits && region != *wanted => Err(format!(
                    "it is in {region}, and the trust anchor is in {wanted}"
                )),
                (Some(region), _) if fits => Ok((arn, region)),
                _ => Err(format!(
                    "this is another kind of ARN; it must be like arn:aws:rolesanywhere:REGION:ACCOUNT:{resource}…"
                )),
            }
        };
        self.parse_if(accept)
    }
}
