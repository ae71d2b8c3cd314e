//! The address of a call, as both the signature and the service take it.

use http::Uri;
use http::uri::{PathAndQuery, Scheme};
use percent_encoding::{percent_decode_str, percent_encode};

use crate::authority::Authority;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;
use crate::s3::key::UNRESERVED;

/// The port that a URL with TLS need not name.
const HTTPS: u16 = 443;

/// `https://HOST[:PORT]/…`. The host is written as HTTP clients send it, and path and query are encoded as AWS encodes them
/// before it checks a signature ("Create a signed AWS API request": URI-encode every byte but unreserved characters).
pub(super) fn parse(url: &str) -> Result<Uri, Error> {
    let uri = url
        .parse::<Uri>()
        .map_err(|error| invalid(format!("`{}` is not a URL: {error}", excerpt(url))))?;
    let authority = uri
        .authority()
        .ok_or_else(|| invalid(format!("`{}` has no host", excerpt(url))))?;
    if uri.scheme_str() != Some("https") || authority.as_str().contains('@') {
        let message = format!("`{}` is not https://HOST[:PORT]/…", excerpt(url));
        return Err(invalid(message));
    }
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    at(&as_sent(authority.as_str())?, &encoded(path))
}

/// An authority that goes into `Host` as it is.
pub(super) fn as_sent(authority: &str) -> Result<Authority, Error> {
    Ok(authority.parse::<Authority>()?.without_port(HTTPS))
}

/// The URL of a path at a host.
pub(super) fn at(authority: &Authority, path: &str) -> Result<Uri, Error> {
    Uri::builder()
        .scheme(Scheme::HTTPS)
        .authority(authority.to_string())
        .path_and_query(path)
        .build()
        .map_err(|error| invalid(format!("a URL at {authority} cannot be requested: {error}")))
}

fn encoded(path_and_query: &str) -> String {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let path = each(path, '/');
    match query {
        None => path,
        Some(query) => {
            let pairs = query.split('&').map(|pair| each(pair, '='));
            format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
        }
    }
}

/// What is between the separators, decoded and encoded again. A value may have `=` in it, which is none.
fn each(text: &str, separator: char) -> String {
    let limit = if separator == '=' { 2 } else { usize::MAX };
    let parts = text.splitn(limit, separator).map(|part| {
        let bytes: Vec<u8> = percent_decode_str(part).collect();
        percent_encode(&bytes, UNRESERVED).to_string()
    });
    parts
        .collect::<Vec<_>>()
        .join(separator.encode_utf8(&mut [0; 4]))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn an_address_is_written_as_it_is_sent_and_signed() {
        for (given, sent) in [
            (
                "https://SQS.eu-west-1.amazonaws.com:443",
                "https://sqs.eu-west-1.amazonaws.com/",
            ),
            ("https://h:8443/a", "https://h:8443/a"),
            ("https://[0:0::1]:443/", "https://[::1]/"),
            (
                "https://h/date=2026/a(b)'c",
                "https://h/date%3D2026/a%28b%29%27c",
            ),
            ("https://h/a%2fb/%7e", "https://h/a%2Fb/~"),
            ("https://h//a/../b", "https://h//a/../b"),
            ("https://h/%FF%00", "https://h/%FF%00"),
            ("https://h/?uploads", "https://h/?uploads"),
            ("https://h/?a=b+c&d=e=f&g=", "https://h/?a=b%2Bc&d=e%3Df&g="),
            (
                "https://h/?a=%C3%BC&list-type=2",
                "https://h/?a=%C3%BC&list-type=2",
            ),
        ] {
            assert_eq!(parse(given).unwrap().to_string(), sent, "{given}");
            assert_eq!(parse(sent).unwrap().to_string(), sent, "{given} again");
        }
    }
}
