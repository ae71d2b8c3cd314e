//! What is refused whoever asks, before anything is looked at.
//!
//! A browser can be made to send requests to loopback by any page, and a proxy passes on those of others.
//! Neither has business here.

use std::net::IpAddr;

use http::header::{FORWARDED, HOST, HeaderName, ORIGIN, VIA};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, StatusCode};

use crate::answer::Refused;

/// Fields by which a proxy tells of itself; the instance metadata service refuses the first as well ("Use
/// `IMDSv2`", EC2 User Guide).
static FORWARDING: [HeaderName; 4] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    FORWARDED,
    VIA,
];

/// Refuses what no local program sends.
pub(crate) fn check(parts: &Parts, has_body: bool) -> Result<(), Refused> {
    if let Some(field) = FORWARDING
        .iter()
        .find(|field| parts.headers.contains_key(*field))
    {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "ForwardedRequest",
            format!(
                "requests that a proxy passes on are refused, and this one has the field {field}"
            ),
        ));
    }
    if parts.headers.contains_key(ORIGIN) {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "BrowserRequest",
            "requests of web pages are refused, and this one has the field origin",
        ));
    }
    if !is_for_this_machine(&parts.headers) || parts.uri.authority().is_some() {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "WrongHost",
            "the host must be localhost or a loopback address, such as 127.0.0.1",
        ));
    }
    if has_body {
        return Err(Refused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "UnexpectedBody",
            "no request here has a body",
        ));
    }
    Ok(())
}

/// Whether it names no other host: a page that made its own name lead to loopback (DNS rebinding) would still
/// say that name.
fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    host.to_str().is_ok_and(is_loopback)
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    if authority.as_str().contains('@') {
        return false;
    }
    let name = authority.host();
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::request::Parts;
    use http::{Request, StatusCode};
    use proptest::prelude::*;

    use super::{check, is_loopback};

    fn request(fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::get("/credentials");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn refused(fields: &[(&str, &str)]) -> Option<&'static str> {
        let refused = check(&request(fields), false).err()?;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        Some(refused.code)
    }

    #[test]
    fn what_a_local_program_sends_is_let_through() {
        for host in [
            "127.0.0.1:9911",
            "127.0.0.1",
            "[::1]:9911",
            "localhost",
            "LocalHost:1",
        ] {
            assert_eq!(refused(&[("host", host)]), None, "{host}");
        }
    }

    #[test]
    fn a_host_that_was_made_to_lead_here_is_refused() {
        for host in [
            "",
            "evil.example",
            "evil.example:9911",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "localhost.",
            "user@127.0.0.1",
            "127.0.0.1@evil.example",
            "127.1",
            "0.0.0.0",
            "[::ffff:127.0.0.1]",
            "169.254.169.254",
            "127.0.0.1, evil.example",
        ] {
            assert_eq!(refused(&[("host", host)]), Some("WrongHost"), "{host}");
        }
        assert_eq!(refused(&[]), Some("WrongHost"));
        let two = [("host", "127.0.0.1"), ("host", "evil.example")];
        assert_eq!(refused(&two), Some("WrongHost"));
    }

    #[test]
    fn what_a_proxy_passes_on_is_refused() {
        for field in ["x-forwarded-for", "X-Forwarded-Host", "forwarded", "via"] {
            let fields = [("host", "127.0.0.1"), (field, "")];
            assert_eq!(refused(&fields), Some("ForwardedRequest"), "{field}");
        }
    }

    #[test]
    fn what_a_page_sends_is_refused() {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:9911"] {
            let fields = [("host", "127.0.0.1"), ("origin", origin)];
            assert_eq!(refused(&fields), Some("BrowserRequest"), "{origin}");
        }
    }

    #[test]
    fn a_body_is_refused() {
        let refused = check(&request(&[("host", "127.0.0.1")]), true).unwrap_err();
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn a_request_to_a_proxy_is_refused() {
        let request = Request::get("http://evil.example/credentials")
            .header("host", "127.0.0.1")
            .body(())
            .unwrap();
        let refused = check(&request.into_parts().0, false).unwrap_err();
        assert_eq!(refused.code, "WrongHost");
    }

    proptest! {
        #[test]
        fn no_name_but_localhost_is_this_machine(host in "[a-zA-Z0-9.:@\\[\\]-]{0,24}") {
            if is_loopback(&host) {
                let named = host.to_ascii_lowercase();
                let address = named.rsplit_once(':').map_or(named.as_str(), |(host, _)| host);
                prop_assert!(
                    address == "localhost" || address.starts_with("127.") || named.starts_with("[0") || named.starts_with("[:"),
                    "{}", host
                );
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = is_loopback(&text);
        }
    }
}
