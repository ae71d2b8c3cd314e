//! Works well for two jobs.

use sealift_test_guests::hints;

const JOBS: &str = "jobs";

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let before = hints::get(JOBS).and_then(|jobs| jobs.parse().ok());
    let jobs = before.unwrap_or(0_u32) + 1;
    hints::put(JOBS, &jobs.to_string(), 3600)?;
    assert!(jobs < 3, "the third job");
    sealift_test_guests::put(&job)
});
