//! Asks the address where cloud machines find their own credentials.

use sealift_test_guests::wasi::http::types::Scheme;

sealift_test_guests::misbehave!(|_job| {
    let path = "/latest/meta-data/iam/security-credentials/";
    let status = sealift_test_guests::get(Scheme::Http, "169.254.169.254", path)?;
    Ok(sealift_test_guests::success(format!("answered {status}")))
});
