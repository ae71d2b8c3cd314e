//! HTTP proxies, and which requests go through them.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use sealift_config::{Origin, ProxyUrl, Scheme};
use zeroize::Zeroizing;

use crate::no_proxy::{NoProxy, NoProxyError};

/// The proxies by the scheme of the requests that go through them, and the exceptions.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    except: NoProxy,
}

impl Proxies {
    /// The proxies that a configuration asks for.
    pub fn of(config: &sealift_config::Proxies) -> Result<Self, NoProxyError> {
        let except = NoProxy::of(config.no_proxy.iter().map(String::as_str))?;
        Ok(Self::new(
            config.http.as_ref(),
            config.https.as_ref(),
            except,
        ))
    }

    /// The proxies for `http` and `https` origins other than the exceptions.
    pub fn new(http: Option<&ProxyUrl>, https: Option<&ProxyUrl>, except: NoProxy) -> Self {
        let proxy = |url: &ProxyUrl| Arc::new(Proxy::new(url));
        Self {
            http: http.map(proxy),
            https: https.map(proxy),
            except,
        }
    }

    /// The proxy through which the origin is reached.
    pub(crate) fn proxy_for(&self, origin: &Origin) -> Option<&Arc<Proxy>> {
        let proxy = match origin.scheme() {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        };
        proxy.filter(|_| !self.except.matches(origin))
    }
}

/// A proxy: `CONNECT` for https origins (RFC 9110 9.3.6), absolute-form requests for http ones.
///
/// Neither `Debug` nor `Display` shows its credentials.
pub(crate) struct Proxy {
    origin: Origin,
    /// The value of `Proxy-Authorization` (Basic, RFC 7617).
    authorization: Option<Zeroizing<String>>,
}

impl Proxy {
    fn new(url: &ProxyUrl) -> Self {
        let authorization = url.credentials().map(|credentials| {
            let plain =
                Zeroizing::new(format!("{}:{}", credentials.user(), credentials.password()));
            let encoded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
            Zeroizing::new(format!("Basic {}", *encoded))
        });
        Self {
            origin: Origin::new(url.scheme(), url.host().clone(), url.port()),
            authorization,
        }
    }

    /// Where it is.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.authorization.as_ref().map(|value| value.as_str())
    }

    pub(crate) fn authorization_header(&self) -> Option<HeaderValue> {
        // Base64 is always a valid field value.
        let mut value = HeaderValue::from_str(self.authorization()?).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}:{}",
            self.origin.scheme(),
            self.origin.host(),
            self.origin.port()
        )
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn proxies(url: &str, except: &str) -> Proxies {
        let url: ProxyUrl = url.parse().unwrap();
        Proxies::new(None, Some(&url), except.parse().unwrap())
    }

    #[test]
    fn credentials_cannot_be_printed() {
        let proxies = proxies("http://user:hunter2@proxy.example:3128", "");
        let proxy = proxies
            .proxy_for(&"https://example.com".parse().unwrap())
            .unwrap();
        assert_eq!(proxy.authorization(), Some("Basic dXNlcjpodW50ZXIy"));
        let printed = format!("{proxies:?} {proxy} {:?}", proxy.authorization_header());
        assert!(
            !printed.contains("hunter2") && !printed.contains("dXNlcjpodW50ZXIy"),
            "{printed}"
        );
    }

    #[test]
    fn a_proxy_serves_its_scheme_apart_from_exceptions() {
        let proxies = proxies("http://proxy.example:3128", "example.com");
        let used = |origin: &str| proxies.proxy_for(&origin.parse().unwrap()).is_some();
        assert!(used("https://example.net"));
        assert!(!used("http://example.net"));
        assert!(!used("https://s3.example.com"));
    }
}
