//! Whatever the credentials endpoint answers: no panic, and a kind that fits the status.
#![no_main]

use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use sealift_core::credentials::iot::Provider;
use sealift_core::{ErrorKind, Response, Settings};

fuzz_target!(|input: (bool, &[u8])| {
    let (success, body) = input;
    let settings = [("endpoint", "h"), ("role-alias", "a"), ("thing-name", "t")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let provider = Settings::new(settings.to_vec())
        .and_then(Provider::from_settings)
        .expect("the settings are good");
    let status = if success {
        StatusCode::OK
    } else {
        StatusCode::FORBIDDEN
    };
    let Ok(response) = Response::new(status, HeaderMap::new(), body.to_vec()) else {
        return;
    };
    match provider.parse(&response) {
        Ok(credentials) => {
            assert!(success);
            assert!(!credentials.access_key_id().is_empty());
            assert!(credentials.session_token().is_some());
        }
        Err(error) => {
            let expected = if success {
                ErrorKind::Protocol
            } else {
                ErrorKind::Denied
            };
            assert_eq!(error.kind, expected);
            assert!(error.message.len() < 4096);
        }
    }
});
