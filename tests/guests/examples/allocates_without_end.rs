//! Takes all the memory there is.

sealift_test_guests::misbehave!(|_job| {
    let mut hoard = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1_u8; 1 << 20]));
        if hoard.len() == usize::MAX {
            return Ok(sealift_test_guests::success("all of it"));
        }
    }
});
