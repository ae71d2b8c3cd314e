//! Keeps the answers of its requests open until there can be no more of them.

use sealift_test_guests::wasi::http::types::{Method, Scheme};
use sealift_test_guests::{answered, error, handle, request};

sealift_test_guests::misbehave!(|job| {
    let store = sealift_test_guests::store(&sealift_test_guests::job(job)?);
    let mut open = Vec::new();
    for number in 1..=50 {
        let answer = handle(request(&Method::Get, Scheme::Https, &store, "/")?)?;
        answer.subscribe().block();
        let response = answered(&answer)
            .map_err(|refusal| error(format!("request {number}: {}", refusal.message)))?;
        let body = response.consume().map_err(|()| error("no body"))?;
        open.push((answer, response, body));
    }
    Ok(sealift_test_guests::success(format!(
        "{} requests",
        open.len()
    )))
});
