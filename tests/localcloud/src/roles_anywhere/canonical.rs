//! The canonical form of a request, which both sides hash.
//!
//! <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html>

use http::HeaderMap;
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::refusal::SignatureFault;
use crate::hex::Hex;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The SHA-256 of a request's canonical form, in hexadecimal.
pub(super) fn hashed_canonical_request<'a>(
    request: &Parts,
    signed_headers: impl Iterator<Item = &'a str> + Clone,
    body: &[u8],
) -> Result<String, SignatureFault> {
    let mut text = format!(
        "{}\n{}\n{}\n",
        request.method,
        request.uri.path(),
        canonical_query(&query(request))
    );
    for name in signed_headers.clone() {
        text.push_str(name);
        text.push(':');
        text.push_str(&header_value(&request.headers, name)?);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&signed_headers.collect::<Vec<_>>().join(";"));
    text.push('\n');
    text.push_str(&hex_digest(body));
    Ok(hex_digest(text.as_bytes()))
}

/// The parameters of a request's query, decoded. As in forms, `+` is a space.
pub(super) fn query(request: &Parts) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = request.uri.query().unwrap_or_default().split('&');
    pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// The user's guide wants `=` in values encoded twice; AWS's own helper encodes it once, as
/// everything else.
fn canonical_query(query: &[(String, String)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut pairs: Vec<_> = query
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// All values of a header, without what white space there is too much.
fn header_value(headers: &HeaderMap, name: &str) -> Result<String, SignatureFault> {
    let absent = || SignatureFault::NotThere(name.to_owned());
    let values: Option<Vec<String>> = headers
        .get_all(name)
        .iter()
        .map(|value| Some(trim_all(value.to_str().ok()?)))
        .collect();
    let values = values.filter(|values| !values.is_empty());
    Ok(values.ok_or_else(absent)?.join(","))
}

fn trim_all(value: &str) -> String {
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn hex_digest(bytes: &[u8]) -> String {
    Hex(&Sha256::digest(bytes)).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use http::Request;

    fn parts(uri: &str) -> Parts {
        let request = Request::post(uri)
            .header("host", "rolesanywhere.us-east-1.amazonaws.com")
            .header("x-amz-date", " 20211103T120000Z  ")
            .header("x-other", "a   b")
            .header("x-other", "c");
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_request_hashes_as_its_canonical_form_written_out() {
        let form = "POST\n/sessions\na=1%2B2&b=%20&b=x%3Dy\n\
                    host:rolesanywhere.us-east-1.amazonaws.com\nx-amz-date:20211103T120000Z\n\
                    x-other:a b,c\n\nhost;x-amz-date;x-other\n\
                    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let names = ["host", "x-amz-date", "x-other"].into_iter();
        let hash = hashed_canonical_request(&parts("/sessions?b=x%3dy&b=+&a=1%2B2"), names, b"");
        assert_eq!(hash, Ok(hex_digest(form.as_bytes())));
    }

    #[test]
    fn a_signed_header_must_be_there() {
        let names = ["content-type"].into_iter();
        let hash = hashed_canonical_request(&parts("/sessions"), names, b"");
        let absent = SignatureFault::NotThere("content-type".to_owned());
        assert_eq!(hash, Err(absent));
    }
}
