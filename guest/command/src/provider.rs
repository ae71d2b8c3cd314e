//! The credentials provider of AWS IoT, by the runtime's mutual TLS or by a proxy on this machine.

use http::Uri;
use http::uri::{Parts, Scheme};
use sealift_core::credentials::{Credentials, iot};
use sealift_core::{Error, ErrorKind, Settings};
use sealift_wasi::http as wire;

use crate::flight;

/// Where credentials come from, and how it is reached.
#[derive(Debug)]
pub(crate) struct Provider {
    provider: iot::Provider,
    scheme: Scheme,
}

impl Provider {
    /// `endpoint` is `HOST[:PORT]`, or `http://HOST[:PORT]` where that is on this machine.
    pub(crate) fn new(endpoint: &str, mut settings: Vec<(String, String)>) -> Result<Self, Error> {
        let (scheme, authority) = match endpoint.strip_prefix("http://") {
            Some(authority) => (
                Scheme::HTTP,
                authority.strip_suffix('/').unwrap_or(authority),
            ),
            None => (Scheme::HTTPS, endpoint),
        };
        if scheme == Scheme::HTTP && !is_here(authority) {
            let message = format!(
                "credentials from `{}` would be read on the way",
                endpoint.escape_debug()
            );
            let cure = "without TLS, a proxy has to be at 127.0.0.1, [::1] or localhost";
            return Err(Error::new(ErrorKind::InvalidInput, message).with_cure(cure));
        }
        settings.push(("endpoint".to_owned(), authority.to_owned()));
        let provider = iot::Provider::from_settings(Settings::new(settings)?)?;
        Ok(Self { provider, scheme })
    }

    /// New credentials.
    pub(crate) fn fetch(&self) -> Result<Credentials, Error> {
        let mut request = self.provider.request();
        let mut parts = Parts::from(std::mem::take(request.uri_mut()));
        parts.scheme = Some(self.scheme.clone());
        *request.uri_mut() = Uri::from_parts(parts).map_err(|error| {
            let message = format!("the provider has no address: {error}");
            Error::new(ErrorKind::Internal, message)
        })?;
        let to = "the credentials provider";
        let pending = wire::begin(wire::outgoing(&request)?, Some(flight::patience()), to)?;
        pending.subscribe().block();
        let response = wire::answer(&pending, to)?;
        self.provider.parse(&response)
    }
}

/// Whether only this machine is on the way.
fn is_here(authority: &str) -> bool {
    let host = authority.parse::<http::uri::Authority>();
    let host = host.as_ref().map_or("", |authority| authority.host());
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address = address.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn provider(endpoint: &str) -> Result<Provider, Error> {
        let alias = ("role-alias".to_owned(), "alias".to_owned());
        Provider::new(endpoint, vec![alias])
    }

    #[test]
    fn without_tls_credentials_come_from_this_machine_alone() {
        for endpoint in [
            "http://127.0.0.1:80",
            "http://127.9.9.9/",
            "http://[::1]:8080",
            "http://localhost:1",
        ] {
            assert_eq!(
                provider(endpoint).unwrap().scheme,
                Scheme::HTTP,
                "{endpoint}"
            );
        }
        for endpoint in [
            "http://10.0.0.1",
            "http://localhost.example",
            "http://[::2]",
            "http://127.0.0.1@evil.example",
            "http://",
        ] {
            let error = provider(endpoint).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{endpoint}");
        }
        assert_eq!(provider("c.example").unwrap().scheme, Scheme::HTTPS);
    }
}
