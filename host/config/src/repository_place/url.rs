//! The URL of a directory.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::HttpsUrlError;
use crate::{Host, Origin, Scheme};

/// `https://HOST[:PORT]/PATH/`, without a user, a query or a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsUrl {
    origin: Origin,
    path: String,
}

impl HttpsUrl {
    /// The longest path, in bytes.
    pub const LONGEST_PATH: usize = 512;

    /// Scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path as it stands in a request: percent-encoded, with a slash at its beginning and its end.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for HttpsUrl {
    type Err = HttpsUrlError;

    fn from_str(text: &str) -> Result<Self, HttpsUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(HttpsUrlError::Scheme)?;
        if !scheme.eq_ignore_ascii_case(Scheme::Https.as_str()) {
            return Err(HttpsUrlError::Scheme);
        }
        if rest.contains(['?', '#']) {
            return Err(HttpsUrlError::HasQuery);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(HttpsUrlError::HasUser);
        }
        let (host, port) = Host::split_port(authority)?;
        let port = port.unwrap_or(Scheme::Https.default_port());
        Ok(Self {
            origin: Origin::new(Scheme::Https, host, port),
            path: directory(path)?,
        })
    }
}

/// The path with a slash around it.
fn directory(path: &str) -> Result<String, HttpsUrlError> {
    let segments = path.strip_suffix('/').unwrap_or(path);
    if segments.is_empty() && path.is_empty() {
        return Ok("/".to_owned());
    }
    if segments.len() + 2 > HttpsUrl::LONGEST_PATH {
        return Err(HttpsUrlError::TooLong);
    }
    segments.split('/').try_for_each(check)?;
    Ok(format!("/{segments}/"))
}

/// A segment of RFC 3986 (`segment-nz`), which a server cannot take for another place.
fn check(segment: &str) -> Result<(), HttpsUrlError> {
    let is_dots = matches!(
        segment.to_ascii_lowercase().replace("%2e", ".").as_str(),
        "" | "." | ".."
    );
    if is_dots {
        return Err(HttpsUrlError::Segment);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(c);
    if let Some(found) = segment.chars().find(|c| !plain(*c)) {
        return Err(HttpsUrlError::Character(found));
    }
    let encoded = segment.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if encoded {
        Ok(())
    } else {
        Err(HttpsUrlError::Percent)
    }
}

impl Display for HttpsUrl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostError;

    fn parse(text: &str) -> Result<String, HttpsUrlError> {
        text.parse().map(|url: HttpsUrl| url.to_string())
    }

    #[test]
    fn a_url_is_that_of_a_directory_whether_it_says_so_or_not() {
        for (text, shown) in [
            ("https://h", "https://h/"),
            ("https://H:443/", "https://h/"),
            ("https://[::1]:8443/a", "https://[::1]:8443/a/"),
            ("https://h/a/b%20c/", "https://h/a/b%20c/"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn what_is_more_than_a_directory_is_refused() {
        for (text, error) in [
            ("http://h/", HttpsUrlError::Scheme),
            ("h/a", HttpsUrlError::Scheme),
            ("https://me:hunter2@h/", HttpsUrlError::HasUser),
            ("https://h/?token=x", HttpsUrlError::HasQuery),
            ("https://h/#a", HttpsUrlError::HasQuery),
            ("https://h/a b/", HttpsUrlError::Character(' ')),
            ("https://h/ä/", HttpsUrlError::Character('ä')),
            ("https://h/a%2/", HttpsUrlError::Percent),
            ("https://h/a%", HttpsUrlError::Percent),
            ("https://h/../a/", HttpsUrlError::Segment),
            ("https://h/a/%2E./", HttpsUrlError::Segment),
            ("https://h//", HttpsUrlError::Segment),
            ("https://h/a//b", HttpsUrlError::Segment),
            ("https:///a", HttpsUrlError::Host(HostError::Empty)),
            ("https://h:x/a", HttpsUrlError::Host(HostError::Port)),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        let long = format!("https://h/{}", "x".repeat(HttpsUrl::LONGEST_PATH));
        assert_eq!(parse(&long), Err(HttpsUrlError::TooLong));
    }
}
