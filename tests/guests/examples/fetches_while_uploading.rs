//! Asks the credentials provider itself, while it should upload.

use sealift_test_guests::wasi::http::types::Scheme;

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let provider = job.credentials_provider();
    let endpoint = provider
        .settings
        .iter()
        .find(|setting| setting.name == "endpoint");
    let endpoint = endpoint.map_or("", |setting| setting.value.as_str());
    let path = "/role-aliases/s3_role_alias/credentials";
    let status = sealift_test_guests::get(Scheme::Https, endpoint, path)?;
    Ok(sealift_test_guests::success(status.to_string()))
});
