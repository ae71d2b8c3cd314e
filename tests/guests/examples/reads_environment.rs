//! Looks at the environment and the arguments.

sealift_test_guests::misbehave!(|_job| {
    let found: Vec<String> = std::env::vars()
        .map(|(name, _)| name)
        .chain(std::env::args())
        .collect();
    match found.is_empty() {
        true => Err(sealift_test_guests::error("no variable and no argument")),
        false => Ok(sealift_test_guests::success(found.join(" "))),
    }
});
