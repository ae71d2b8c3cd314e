//! Calls credentials rejected that nobody rejected, again and again, to have others fetched.

use sealift_test_guests::wasi::http::types::Scheme;
use sealift_test_guests::{AwsCredentials, error, setting, vault};

/// More than any job needs.
const TIMES: usize = 100;

sealift_test_guests::misbehave!(
    |job| {
        let provider = sealift_test_guests::job(job)?.credentials_provider();
        let mut held = vault::credentials(&provider, None)?;
        for _ in 0..TIMES {
            held = vault::credentials(&provider, Some(&held.access_key_id))?;
        }
        Ok(sealift_test_guests::success(held.access_key_id))
    },
    |provider| {
        let endpoint = setting(&provider.settings, "endpoint");
        let path = "/role-aliases/s3_role_alias/credentials";
        if sealift_test_guests::get(Scheme::Https, &endpoint, path)? != 200 {
            return Err(error("no credentials"));
        }
        Ok(AwsCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: Some("token".into()),
            // In the year 2100.
            expiration: 4_102_444_800,
        })
    }
);
