//! Weeks of a gateway in minutes: files are dropped into its folders all the time, while the store, the link, the
//! clock, the disk and the service itself fail at random. In the end every file is in the bucket, and at no time
//! was one gone that was not.
//!
//! `SEALIFT_SOAK_SECONDS` says for how long; `SEALIFT_SOAK_SEED` repeats the choices.

mod disturbance;
mod file;
mod gateway;
mod ledger;
mod producer;

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use sealift_tests::{Chance, among_own_mounts, number};

use disturbance::Weather;
use gateway::Gateway;
use ledger::Ledger;
use producer::Producer;

/// How long it is bad weather, unless told otherwise.
const SECONDS: u64 = 90;

/// How long a gateway may take to catch up when all is well again, on a machine with much else to do.
const CALM: Duration = Duration::from_mins(4);

#[test]
fn every_file_arrives_and_none_goes_before_whatever_fails() {
    if among_own_mounts(
        module_path!(),
        "every_file_arrives_and_none_goes_before_whatever_fails",
    ) {
        return;
    }
    let mut chance = Chance::by("SEALIFT_SOAK_SEED");
    let time = Duration::from_secs(number("SEALIFT_SOAK_SECONDS").unwrap_or(SECONDS));
    let mut gateway = Gateway::start();
    let ledger = Ledger::new(gateway.folders());
    let producer = Producer::new(&ledger, Chance::of(chance.below(u64::MAX)));
    let mut weather = Weather::default();

    thread::scope(|scope| {
        // The end of the channel is the end of production, also when the test fails.
        let (_goes_on, over) = channel();
        scope.spawn(move || producer.produce(&over));
        let end = Instant::now() + time;
        while Instant::now() < end {
            weather.change(&mut gateway, &mut chance);
            let next = Instant::now() + Duration::from_millis(chance.below(1000));
            while Instant::now() < next {
                gateway.look_after();
                ledger.nothing_went_before_it_arrived(gateway.cloud());
                thread::sleep(Duration::from_millis(20));
            }
        }
    });
    weather.clear(&mut gateway);

    let deadline = Instant::now() + CALM;
    while !ledger.under_way().is_empty() {
        // Whoever would wait for the end of the longest pause between attempts.
        gateway.hasten();
        let next = Instant::now() + Duration::from_secs(5);
        while Instant::now() < next && !ledger.under_way().is_empty() {
            gateway.look_after();
            ledger.nothing_went_before_it_arrived(gateway.cloud());
            thread::sleep(Duration::from_millis(50));
        }
        assert!(
            Instant::now() < deadline,
            "{} did not arrive; {}",
            ledger.missing(),
            gateway.story()
        );
    }
    gateway.nothing_is_left_to_do();
    ledger.all_is_in_its_place(gateway.cloud());
    println!("{ledger}; {weather}; {}", gateway.end());
}
