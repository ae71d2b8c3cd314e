//! Has a defect that its dry run finds.

sealift_test_guests::misbehave!(
    |job| sealift_test_guests::put(&sealift_test_guests::job(job)?),
    |_provider| Err(sealift_test_guests::error("no credentials")),
    || panic!("on purpose")
);
