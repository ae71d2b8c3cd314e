//! Who makes what a device needs: an administrator, by the variables and files that AWS's tools use.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sealift_core::credentials::Credentials;
use zeroize::Zeroizing;

use crate::wire::Service;

/// An administrator's credentials, region and endpoints. Held in memory only; `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Administrator {
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
    pub(crate) ca_bundle: Option<PathBuf>,
    /// By signing name; without one, AWS's own.
    endpoints: BTreeMap<&'static str, String>,
}

/// Why there is no administrator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdministratorError {
    /// Nothing names credentials.
    #[error(
        "there are no administrator's credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with AWS_PROFILE"
    )]
    NoCredentials,
    /// The profile is not in the files.
    #[error("there is no profile `{0}` in the AWS configuration")]
    NoProfile(String),
    /// The profile gets its credentials in a way that is not ours.
    #[error(
        "the profile `{0}` has no access key of its own; run `eval \"$(aws configure export-credentials --profile {0} --format env)\"` first"
    )]
    Indirect(String),
    /// Nothing names a region.
    #[error("the region is unknown: give --region, or set AWS_REGION")]
    NoRegion,
    /// A variable or file holds something that cannot be credentials.
    #[error("the administrator's credentials cannot be used: {0}")]
    Malformed(String),
}

/// A file of AWS's tools: sections with settings ("Configuration and credential file settings", AWS CLI User Guide).
type Sections = BTreeMap<String, BTreeMap<String, Zeroizing<String>>>;

impl Administrator {
    /// By the process's environment. A region that is given goes before the environment's.
    pub fn of_environment(region: Option<&str>) -> Result<Self, AdministratorError> {
        let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        Self::new(region, &|name| std::env::var(name).ok(), &read)
    }

    fn new(
        region: Option<&str>,
        variable: &dyn Fn(&str) -> Option<String>,
        read: &dyn Fn(PathBuf) -> String,
    ) -> Result<Self, AdministratorError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let file = |named: &str, usual: &str| {
            let home = || Some(PathBuf::from(variable("HOME")?).join(".aws").join(usual));
            let path = variable(named).map(PathBuf::from).or_else(home);
            path.map(|path| sections(&Zeroizing::new(read(path))))
                .unwrap_or_default()
        };
        let named = variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
        let profile = named.clone().unwrap_or_else(|| "default".to_owned());
        let shared = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let config = file("AWS_CONFIG_FILE", "config");
        let in_config = if profile == "default" {
            config
                .get("default")
                .or_else(|| config.get("profile default"))
        } else {
            config.get(&format!("profile {profile}"))
        };
        let settings: Vec<_> = shared.get(&profile).into_iter().chain(in_config).collect();
        let setting = |name: &str| {
            let found = settings.iter().find_map(|section| section.get(name));
            found.map(|value| value.to_string())
        };

        // A profile that somebody names goes before keys in the environment, as in AWS's CLI.
        let of_environment = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
        let of_profile = setting("aws_access_key_id").zip(setting("aws_secret_access_key"));
        let ((id, secret), token) = match (of_environment, of_profile) {
            (Some(keys), _) => (keys, variable("AWS_SESSION_TOKEN")),
            (None, Some(keys)) => (keys, setting("aws_session_token")),
            (None, None) if !settings.is_empty() && named.is_some() => {
                return Err(AdministratorError::Indirect(profile));
            }
            (None, None) => {
                return Err(named.map_or(
                    AdministratorError::NoCredentials,
                    AdministratorError::NoProfile,
                ));
            }
        };
        let credentials = Credentials::new(id, secret, token, None)
            .map_err(|error| AdministratorError::Malformed(error.message))?;
        let region = region
            .map(str::to_owned)
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"))
            .or_else(|| setting("region"))
            .ok_or(AdministratorError::NoRegion)?;
        let mut endpoints = BTreeMap::new();
        for service in [Service::Iam, Service::Iot, Service::S3, Service::Sts] {
            let name = service.name();
            let own = variable(&format!("AWS_ENDPOINT_URL_{}", name.to_uppercase()));
            if let Some(url) = own.or_else(|| variable("AWS_ENDPOINT_URL")) {
                endpoints.insert(name, url.trim_end_matches('/').to_owned());
            }
        }
        Ok(Self {
            credentials,
            region,
            ca_bundle: variable("AWS_CA_BUNDLE").map(PathBuf::from),
            endpoints,
        })
    }

    /// Where a service is, and the region in the scope of its signatures. IAM is one for each partition ("AWS Identity and
    /// Access Management endpoints and quotas", AWS General Reference).
    pub(crate) fn endpoint(&self, service: Service) -> (String, &str) {
        let name = service.name();
        let is_china = self.region.starts_with("cn-");
        let is_gov = self.region.starts_with("us-gov-");
        let suffix = if is_china {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let (host, region) = match service {
            Service::Iam if is_china => (format!("iam.cn-north-1.{suffix}"), "cn-north-1"),
            Service::Iam if is_gov => (format!("iam.us-gov.{suffix}"), "us-gov-west-1"),
            Service::Iam => (format!("iam.{suffix}"), "us-east-1"),
            _ => (
                format!("{name}.{}.{suffix}", self.region),
                self.region.as_str(),
            ),
        };
        let endpoint = self.endpoints.get(name).cloned();
        (
            endpoint.unwrap_or_else(|| format!("https://{host}")),
            region,
        )
    }

    /// Whether a service is somewhere else than at AWS.
    pub(crate) fn override_of(&self, service: Service) -> Option<&str> {
        self.endpoints.get(service.name()).map(String::as_str)
    }
}

/// Lines that belong to a setting above them are indented, and none of ours.
fn sections(text: &str) -> Sections {
    let mut sections = Sections::new();
    let mut current = None;
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            current = Some(sections.entry(name).or_default());
        } else if let (Some(section), Some((name, value)), false) = (
            &mut current,
            line.split_once('='),
            is_nested || line.starts_with(['#', ';']),
        ) {
            let value = Zeroizing::new(value.trim().to_owned());
            section.insert(name.trim().to_lowercase(), value);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const CREDENTIALS: &str = "[default]\naws_access_key_id = AKID\naws_secret_access_key=hush\n\
        [temporary]\naws_access_key_id=ASIA\naws_secret_access_key=hush\naws_session_token=token=\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\ns3 =\n  region = nested\n\
        # comment = 1\n[profile  sso]\nsso_session = x\nregion=us-east-1\n";

    fn administrator(variables: &[(&str, &str)]) -> Result<Administrator, AdministratorError> {
        let variable = |name: &str| {
            let home = [("HOME", "/home/a")];
            let mut all = variables.iter().chain(&home);
            Some(all.find(|(known, _)| *known == name)?.1.to_owned())
        };
        let read = |path: PathBuf| match path.to_str().unwrap() {
            "/home/a/.aws/credentials" => CREDENTIALS.to_owned(),
            "/home/a/.aws/config" => CONFIG.to_owned(),
            _ => String::new(),
        };
        Administrator::new(None, &variable, &read)
    }

    #[test]
    fn credentials_and_region_are_those_of_the_environment_or_of_a_profile() {
        let usual = administrator(&[]).unwrap();
        assert_eq!(usual.credentials.access_key_id(), "AKID");
        assert_eq!(usual.region, "eu-west-1");
        let temporary = [("AWS_PROFILE", "temporary"), ("AWS_REGION", "cn-north-1")];
        let temporary = administrator(&temporary).unwrap();
        assert_eq!(temporary.credentials.session_token(), Some("token="));
        let own = [
            ("AWS_ACCESS_KEY_ID", "OWN"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
        ];
        assert_eq!(
            administrator(&own).unwrap().credentials.access_key_id(),
            "OWN"
        );
    }

    #[test]
    fn what_is_missing_is_told_with_its_cure() {
        let told = |variables: &[(&str, &str)]| administrator(variables).unwrap_err().to_string();
        assert!(told(&[("AWS_PROFILE", "sso")]).contains("export-credentials --profile sso"));
        assert!(told(&[("AWS_PROFILE", "nobody")]).contains("no profile `nobody`"));
        assert!(told(&[("AWS_PROFILE", "temporary")]).contains("AWS_REGION"));
        let elsewhere = [
            ("AWS_SHARED_CREDENTIALS_FILE", "/none"),
            ("AWS_CONFIG_FILE", "/none"),
        ];
        assert!(told(&elsewhere).contains("AWS_ACCESS_KEY_ID"));
    }

    #[test]
    fn nothing_shows_a_secret() {
        let shown = format!(
            "{:?}",
            administrator(&[("AWS_PROFILE", "temporary"), ("AWS_REGION", "r")])
        );
        assert!(
            !shown.contains("hush") && !shown.contains("token="),
            "{shown}"
        );
    }

    #[test]
    fn each_service_is_at_its_own_endpoint_or_at_the_one_that_is_named() {
        let at = |region: &str, service| {
            let usual = administrator(&[("AWS_REGION", region)]).unwrap();
            let (endpoint, region) = usual.endpoint(service);
            format!("{endpoint} {region}")
        };
        assert_eq!(
            at("eu-west-1", Service::Iam),
            "https://iam.amazonaws.com us-east-1"
        );
        assert_eq!(
            at("eu-west-1", Service::Iot),
            "https://iot.eu-west-1.amazonaws.com eu-west-1"
        );
        assert_eq!(
            at("cn-north-1", Service::Iam),
            "https://iam.cn-north-1.amazonaws.com.cn cn-north-1"
        );
        let named = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1/"),
            ("AWS_ENDPOINT_URL_S3", "http://s3"),
        ];
        let named = administrator(&named).unwrap();
        assert_eq!(named.endpoint(Service::Iot).0, "http://127.0.0.1:1");
        assert_eq!(named.endpoint(Service::S3).0, "http://s3");
    }
}
