//! Takes the payload of its job twice.

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let (first, second) = (job.payload(), job.payload());
    Ok(sealift_test_guests::success(format!(
        "{:?} {:?}",
        first.size(),
        second.size()
    )))
});
