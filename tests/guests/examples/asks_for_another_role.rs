//! Asks the credentials provider for a role alias that the device may assume and the
//! configuration does not name, in every spelling that may slip through.

use sealift_test_guests::wasi::http::types::{Method, Scheme};
use sealift_test_guests::{answered, handle, request};

const SPELLINGS: [&str; 8] = [
    "/role-aliases/admin/credentials",
    "/role-aliases/s3_role_alias/../admin/credentials",
    "/role-aliases/s3_role_alias%2f..%2fadmin/credentials",
    "//role-aliases/admin/credentials",
    "/role-aliases/%61dmin/credentials",
    "/role-aliases/s3_role_alias/credentials/../../admin/credentials",
    "/role-aliases/s3_role_alias/credentials?",
    "/Role-Aliases/s3_role_alias/credentials",
];

sealift_test_guests::misbehave!(|job| {
    let provider = sealift_test_guests::job(job)?.credentials_provider();
    let endpoint = sealift_test_guests::setting(&provider.settings, "endpoint");
    let own = "/role-aliases/s3_role_alias/credentials";
    let requests = SPELLINGS
        .iter()
        .map(|path| (Method::Get, *path))
        .chain([(Method::Post, own), (Method::Put, own)]);
    let mut refusals = Vec::new();
    for (method, path) in requests {
        let sent = request(&method, Scheme::Https, &endpoint, path).and_then(handle);
        let outcome = sent.and_then(|answer| {
            answer.subscribe().block();
            answered(&answer)
        });
        match outcome {
            Ok(response) => {
                return Ok(sealift_test_guests::success(format!(
                    "{path}: {}",
                    response.status()
                )));
            }
            Err(error) => refusals.push(error.message),
        }
    }
    let denied = refusals
        .iter()
        .filter(|refusal| refusal.contains("HttpRequestDenied"))
        .count();
    Err(sealift_test_guests::error(format!(
        "{denied} of {} denied",
        refusals.len()
    )))
});
