//! Says itself that something is wrong with it.

sealift_test_guests::misbehave!(
    |job| sealift_test_guests::put(&sealift_test_guests::job(job)?),
    |_provider| Err(sealift_test_guests::error("no credentials")),
    || Err(sealift_test_guests::error("a table is missing"))
);
