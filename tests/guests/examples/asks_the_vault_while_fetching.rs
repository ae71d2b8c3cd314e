//! Asks the vault for credentials in the very call that is to fetch them.

use sealift_test_guests::{ErrorKind, Provider, error, vault};

sealift_test_guests::misbehave!(|job| {
    let provider = match &job {
        Some(job) => job.credentials_provider(),
        None => Provider {
            name: "iot".into(),
            settings: Vec::new(),
        },
    };
    match vault::credentials(&provider, None) {
        Ok(credentials) => Ok(sealift_test_guests::success(credentials.access_key_id)),
        Err(refusal) if refusal.kind == ErrorKind::Unavailable => {
            Err(error(format!("unavailable: {}", refusal.message)))
        }
        Err(refusal) => Err(refusal),
    }
});
