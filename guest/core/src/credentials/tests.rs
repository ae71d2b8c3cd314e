//! What is accepted as credentials, and what of them is shown.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Credentials, MAX_TOKEN};
use crate::error::ErrorKind;

#[test]
fn debug_shows_neither_secret_nor_token() {
    let credentials =
        Credentials::new("AKIA".into(), "hush".into(), Some("token".into()), None).unwrap();
    let shown = format!("{credentials:?} {credentials:#?}");
    assert!(shown.contains("AKIA"));
    assert!(!shown.contains("hush") && !shown.contains("token\""));
    assert!(!shown.contains("secret") && !shown.contains("session"));
}

#[test]
fn a_refused_field_is_named_and_not_quoted() {
    let make = |id: &str, secret: &str, token: &str| {
        Credentials::new(id.into(), secret.into(), Some(token.into()), None).unwrap_err()
    };
    for (error, field) in [
        (make("", "s", "t"), "access key id"),
        (make("a", "", "t"), "secret access key"),
        (make("a", "hush hush", "t"), "secret access key"),
        (make("a", "s", ""), "session token"),
        (make("a", "s", "to\nken"), "session token"),
        (make("a", "s", &"x".repeat(MAX_TOKEN + 1)), "session token"),
    ] {
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(error.message.contains(field), "{error}");
        assert!(!error.message.contains("hush"), "{error}");
    }
}
