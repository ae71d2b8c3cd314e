//! Answers with an entity tag of 16 MiB.

sealift_test_guests::misbehave!(|_job| Ok(sealift_test_guests::success("e".repeat(16 << 20))));
