//! Where a call goes.

use std::str::FromStr;

use http::Uri;
use http::uri::PathAndQuery;
use sealift_config::{Config, Region};

use crate::cli::{ExitStatus, Failure};

/// A path at the service's own host, or anywhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Path(PathAndQuery),
    Url(Uri),
}

/// Neither a path nor a URL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TargetError {
    #[error("it begins neither with `/` nor with `https://`")]
    Neither,
    #[error("it has a `#`; write it as %23")]
    Fragment,
    #[error("{0}; percent-encode what a URL cannot have")]
    Syntax(String),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        if text.contains('#') {
            return Err(TargetError::Fragment);
        }
        let syntax = |error: http::uri::InvalidUri| TargetError::Syntax(error.to_string());
        if text.starts_with('/') {
            return text.parse().map(Self::Path).map_err(syntax);
        }
        if !text.starts_with("https://") {
            return Err(TargetError::Neither);
        }
        text.parse().map(Self::Url).map_err(syntax)
    }
}

impl Target {
    /// The whole URL. A path is one at `SERVICE.REGION` ("Regional endpoints", AWS General Reference), for S3 at the
    /// endpoint of the configuration if it has one.
    pub(super) fn url(
        self,
        service: &str,
        region: &Region,
        config: &Config,
    ) -> Result<Uri, Failure> {
        let path = match self {
            Self::Url(url) => return Ok(url),
            Self::Path(path) => path,
        };
        let store = config.s3().ok().and_then(|s3| s3.endpoint.as_ref());
        let url = match store {
            Some(store) if service == "s3" => format!("{store}{path}"),
            _ => format!("https://{service}.{region}.{}{path}", region.dns_suffix()),
        };
        url.parse::<Uri>()
            .map_err(|error| Failure::new(ExitStatus::Usage, error))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use sealift_config::Environment;

    use super::*;

    fn url(target: &str, service: &str, region: &str, s3: &str) -> String {
        let text = format!(
            "[device]\ncertificate = \"c\"\nkey = \"k\"\n[credentials]\nrole_alias = \"a\"\n\
             endpoint = \"x.credentials.iot.eu-west-1.amazonaws.com\"\n[s3]\n{s3}"
        );
        let config = Config::parse(&text, "t".as_ref(), &Environment::default()).unwrap();
        let target: Target = target.parse().unwrap();
        let region = region.parse().unwrap();
        target.url(service, &region, &config).unwrap().to_string()
    }

    #[test]
    fn a_path_is_one_at_the_services_host_in_the_region_and_its_partition() {
        assert_eq!(
            url("/", "sqs", "eu-west-1", ""),
            "https://sqs.eu-west-1.amazonaws.com/"
        );
        assert_eq!(
            url("/a%20b?x=1", "logs", "cn-north-1", ""),
            "https://logs.cn-north-1.amazonaws.com.cn/a%20b?x=1"
        );
    }

    #[test]
    fn a_path_of_s3_is_one_at_the_endpoint_of_the_configuration() {
        let store = "endpoint = \"https://store.example:9000\"";
        assert_eq!(
            url("/b?list-type=2", "s3", "eu-west-1", store),
            "https://store.example:9000/b?list-type=2"
        );
        assert_eq!(
            url("/", "sqs", "eu-west-1", store),
            "https://sqs.eu-west-1.amazonaws.com/"
        );
    }

    #[test]
    fn a_url_is_taken_as_it_is() {
        let other = "https://data-ats.iot.eu-west-1.amazonaws.com/topics/a?qos=1";
        assert_eq!(url(other, "iotdata", "eu-west-1", ""), other);
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for (text, error) in [
            ("sqs", TargetError::Neither),
            ("http://sqs.eu-west-1.amazonaws.com/", TargetError::Neither),
            ("/a#b", TargetError::Fragment),
        ] {
            assert_eq!(text.parse::<Target>(), Err(error), "{text}");
        }
        assert!(matches!(
            "/a b".parse::<Target>(),
            Err(TargetError::Syntax(_))
        ));
    }
}
