//! Has a defect.

sealift_test_guests::misbehave!(|job| {
    assert!(job.is_none(), "there should be no job");
    Ok(sealift_test_guests::success("fine"))
});
