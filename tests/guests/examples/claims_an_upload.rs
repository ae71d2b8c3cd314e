//! Says that the object is there, and never sent a byte.

sealift_test_guests::misbehave!(|_job| Ok(sealift_test_guests::success("0123456789abcdef")));
