//! Does nothing and says that all is done.

sealift_test_guests::misbehave!(|_job| Ok(sealift_test_guests::success(
    "d41d8cd98f00b204e9800998ecf8427e"
)));
