//! Names and values, percent-encoded as a query: `a=1&b=2`.

use percent_encoding::percent_decode_str;

use super::value::invalid;
use crate::error::Error;

/// The pairs in order. A bare `+` is refused: some writers mean a space by it.
pub(super) fn decode(text: &str) -> Result<Vec<(String, String)>, Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split('&').map(pair).collect()
}

fn pair(text: &str) -> Result<(String, String), Error> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| invalid(text, "is not of the form NAME=VALUE"))?;
    Ok((decoded(name)?, decoded(value)?))
}

fn decoded(text: &str) -> Result<String, Error> {
    if text.contains('+') {
        let error = invalid(text, "has a `+`, which may mean itself or a space");
        return Err(error.with_cure("write %2B or %20"));
    }
    let mut escapes = text.split('%').skip(1);
    let hexadecimal = |escape: &str| {
        let digits = escape.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !escapes.all(hexadecimal) {
        let error = invalid(text, "has a `%` that is not followed by two digits");
        return Err(error.with_cure("write %25"));
    }
    let bytes = percent_decode_str(text).decode_utf8();
    bytes
        .map(Into::into)
        .map_err(|_| invalid(text, "is not UTF-8 once it is decoded"))
}
