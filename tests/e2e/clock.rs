//! A device whose clock is wrong by hours uploads all the same, and remembers how wrong it is.

use sealift_tests::{Cloud, Program};

const TWO_HOURS: i64 = 7200;

fn put(cloud: &Cloud, key: &str, bytes: usize) {
    Program::on(cloud)
        .arg("put")
        .arg(cloud.file("file", vec![7; bytes]))
        .arg(format!("s3://demo/{key}"))
        .run()
        .done();
    assert_eq!(cloud.object("demo", key).unwrap().len(), bytes);
}

#[test]
fn a_clock_that_is_two_hours_off_either_way_is_corrected_and_the_correction_is_kept() {
    for offset in [-TWO_HOURS, TWO_HOURS] {
        let cloud =
            Cloud::start_with(|settings| settings.clock_offset = offset.try_into().unwrap());
        put(&cloud, "one-put", 1000);
        let kept = std::fs::read_to_string(cloud.path("state/sealift/clock.json")).unwrap();
        assert!(kept.contains("behind"), "{kept}");
        put(&cloud, "in-parts", 17 << 20);
    }
}
