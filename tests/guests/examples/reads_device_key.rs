//! Opens the file that the object's key names: the test names the device key there.

sealift_test_guests::misbehave!(|job| {
    let path = format!("/{}", sealift_test_guests::job(job)?.key());
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(sealift_test_guests::success(text)),
        Err(error) => Err(sealift_test_guests::error(format!(
            "no file for me: {error}"
        ))),
    }
});
