//! What a call is asked for.

use std::path::PathBuf;

use http::{HeaderMap, Method};
use sealift::gateway::Request;
use sealift_config::{Config, Region};

use super::body;
use super::header::Header;
use super::target::Target;
use crate::cli::Failure;

/// Send a signed request to any AWS service, and print the answer
///
/// The service's origin must be in `network.allow` of the configuration, and the role behind the role alias must allow
/// the action. The answer's body goes to standard output as it comes, whatever its status.
///
/// For instance: `sealift call dynamodb POST / -H 'X-Amz-Target: DynamoDB_20120810.ListTables'
/// -H 'Content-Type: application/x-amz-json-1.0' --body '{}'`
///
/// Throttling, errors of the service and broken connections are tried again, so that a request may arrive more than once.
///
/// Exit status: 0 if the service answered with 2xx or 3xx; 1 with 4xx; 75 with 429, 5xx or throttling, after retries.
#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    /// The service's signing name, such as `sqs`, `dynamodb` or `logs`
    #[arg(value_parser = signing_name)]
    service: String,

    /// The HTTP method
    #[arg(value_parser = method)]
    method: Method,

    /// A path with its query at the service's host in the region, or a whole `https://` URL; percent-encoded
    target: Target,

    /// A header to send; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<Header>,

    /// The body to send; other users of this machine can see it while the program runs
    #[arg(long, value_name = "TEXT", conflicts_with = "body_file")]
    body: Option<String>,

    /// The file whose bytes are the body, at most 1 MiB; `-` for standard input
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,

    /// The region [default: that of the configuration]
    #[arg(long)]
    region: Option<Region>,

    /// Print the status and the headers of the answer before its body
    #[arg(short = 'i', long)]
    pub(super) include: bool,

    /// Print a URL that carries its signature and is good for so long (1 to 604800); send nothing
    #[arg(long, value_name = "SECONDS", conflicts_with = "include",
        value_parser = clap::value_parser!(u32).range(1..=604_800))]
    pub(super) presign: Option<u32>,
}

impl Call {
    /// The request, with what the configuration adds.
    pub(super) async fn request(self, config: &Config) -> Result<Request, Failure> {
        let region = match self.region {
            Some(region) => region,
            None => config.s3()?.region.clone(),
        };
        let mut headers = HeaderMap::new();
        for Header { name, value } in self.headers {
            headers.append(name, value);
        }
        let url = self.target.url(&self.service, &region, config)?;
        let body = match self.body {
            Some(text) => text.into_bytes(),
            None => body::of_file(self.body_file).await?,
        };
        Ok(Request {
            service: self.service,
            region,
            method: self.method,
            url,
            headers,
            body,
        })
    }
}

/// Words of lower-case letters, digits and hyphens.
fn signing_name(text: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err("it is a word such as `sqs`, `dynamodb` or `logs`")
}

/// Methods are case-sensitive (RFC 9110, 9.1), and those of services are in upper case.
fn method(text: &str) -> Result<Method, String> {
    let method = Method::from_bytes(text.to_ascii_uppercase().as_bytes());
    method.map_err(|error| error.to_string())
}
