//! Computes for ever.

sealift_test_guests::misbehave!(|_job| {
    let mut number = 1_u64;
    loop {
        number = std::hint::black_box(number.wrapping_mul(6_364_136_223_846_793_005));
        if number == 0 {
            return Ok(sealift_test_guests::success("zero"));
        }
    }
});
