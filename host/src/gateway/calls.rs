//! Requests to any service of AWS, which the component signs.

use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use sealift_config::{Origin, Region};

use super::roles::Role;
use super::services::JobServices;
use super::{Gateway, Unobserved, egress, location};
use crate::sandbox::{Answer, AwsRequest, CallError, ErrorKind, Receiver, Setting};

/// A request to a service, as it goes on the wire but for what signing adds.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service's signing name, such as `sqs`.
    pub service: String,
    /// The region in the signature's scope.
    pub region: Region,
    /// Its method.
    pub method: Method,
    /// Where it goes: `https://` and everything after it, percent-encoded.
    pub url: Uri,
    /// Its headers, without those that signing and HTTP add.
    pub headers: HeaderMap,
    /// Its body, at most 1 MiB.
    pub body: Vec<u8>,
}

impl Gateway {
    /// Signs a request, sends it, and hands the service's answer to `receiver`, whatever its status is. What may help is
    /// tried again first: after throttling, errors of the service, and credentials or a clock that it rejects.
    ///
    /// Of what `network.allow` names, the component reaches only the request's own host.
    pub async fn call(
        &self,
        request: Request,
        receiver: &mut impl Receiver,
    ) -> Result<(), CallError> {
        let services = self.services_for(&request.url)?;
        let request = self.in_terms_of_contract(request)?;
        let answered = services
            .plugin
            .component
            .call(
                &services.plugin.network,
                Arc::clone(&services) as _,
                request,
                receiver,
            )
            .await;
        services.explained(answered)
    }

    /// A URL that carries its own signature, good for `seconds` (1 to 604,800) and no longer than the credentials that
    /// signed it. Nothing is sent to the service.
    pub async fn presign(&self, request: Request, seconds: u32) -> Result<String, CallError> {
        let services = self.services_for(&request.url)?;
        let request = self.in_terms_of_contract(request)?;
        let signed = services
            .plugin
            .component
            .presign(
                &services.plugin.network,
                Arc::clone(&services) as _,
                request,
                seconds,
            )
            .await;
        services.explained(signed)
    }

    /// The component that jobs run on, with the way out that a call has. A release asks for what uploads need; which
    /// service a call is for, nobody knows but who makes it.
    fn services_for(&self, url: &Uri) -> Result<Arc<JobServices>, CallError> {
        let invalid =
            |error: sealift_config::OriginError| refused(format!("`{url}` has no origin: {error}"));
        let origin = Origin::try_from(url).map_err(invalid)?;
        let policy = egress::of_call(&self.config, origin).map_err(invalid)?;
        let plugin = self.settled().with_policy(policy);
        let role = Role::main(&self.config);
        Ok(self.services_of(plugin, role, Arc::new(Unobserved)))
    }

    fn in_terms_of_contract(&self, request: Request) -> Result<AwsRequest, CallError> {
        let headers = request.headers.iter().map(|(name, value)| {
            let value = value
                .to_str()
                .map_err(|_| refused(format!("header `{name}` has a value that is not ASCII")))?;
            Ok(Setting::new(name.as_str(), value))
        });
        Ok(AwsRequest {
            service: request.service,
            region: request.region.to_string(),
            method: request.method.to_string(),
            url: request.url.to_string(),
            headers: headers.collect::<Result<_, CallError>>()?,
            body: request.body,
            provider: location::provider(&self.config),
        })
    }
}

fn refused(message: String) -> CallError {
    CallError::refused(Answer::new(ErrorKind::InvalidInput, message))
}
