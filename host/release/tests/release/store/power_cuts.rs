//! The power goes after each single effect of each transition.

use sealift_release::{ApplyError, Event, RollBackTo, Settled, Store, Verdict};

use super::driver::{Driver, release, runs};
use super::recording::{Loss, Recording};

type Part = (
    &'static str,
    fn(&Driver<Recording>) -> Result<(), ApplyError>,
);

/// Each of these is begun on a disk where all before it went well, and each passes through several transitions.
const STORY: [Part; 8] = [
    ("the first release", |host| {
        host.commit(&release("1.0.0", "one"))
    }),
    ("the second release", |host| {
        host.commit(&release("2.0.0", "two"))
    }),
    ("a release that traps", |host| {
        host.offer(&release("2.1.0", "bad"))?;
        host.run_jobs(&Verdict::Trapped {
            note: "unreachable".into(),
        })
    }),
    ("the third release", |host| {
        host.commit(&release("3.0.0", "three"))
    }),
    ("back by hand", |host| back(host, RollBackTo::Previous)),
    ("the third release again", |host| {
        host.commit(&release("3.0.0", "three"))
    }),
    ("the same bytes under a newer version", |host| {
        host.commit(&release("3.0.1", "three"))
    }),
    ("back to the factory", |host| {
        back(host, RollBackTo::Factory)
    }),
];

fn back(host: &Driver<Recording>, to: RollBackTo) -> Result<(), ApplyError> {
    host.tell(Event::RollBack { to })
}

fn version(settled: &Settled) -> String {
    match settled {
        Settled::Factory => "factory".into(),
        Settled::Component { release, .. } => release.version().to_string(),
    }
}

fn running(disk: &Recording) -> String {
    version(&Store::new(disk.clone()).settled().unwrap().0)
}

#[test]
fn after_a_loss_of_power_at_any_effect_the_device_uploads_and_goes_on() {
    let mut disk = Recording::new(usize::MAX);
    let mut cuts = 0;
    for (name, part) in STORY {
        let before = running(&disk);
        let whole = disk.copy(usize::MAX);
        part(&Driver(Store::new(whole.clone()))).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (after, effects) = (running(&whole), whole.used(usize::MAX));
        for cut in 0..effects {
            let cut_off = disk.copy(cut);
            let ended = part(&Driver(Store::new(cut_off.clone())));
            assert!(
                ended.is_err(),
                "{name}: nothing was noticed of the loss at {cut}"
            );
            for loss in [Loss::Process, Loss::Everything, Loss::Contents] {
                survives(
                    &cut_off.after(loss),
                    [&before, &after],
                    &format!("{name}, {cut}, {loss:?}"),
                );
                cuts += 1;
            }
        }
        disk = whole;
    }
    assert!(cuts > 1000, "only {cuts}");
}

fn survives(disk: &Recording, expected: [&str; 2], told: &str) {
    let (settled, damage) = Store::new(disk.clone()).settled().unwrap();
    assert_eq!(damage, [], "{told}");
    assert!(runs(&settled), "{told}");
    let running = version(&settled);
    assert!(
        expected.contains(&running.as_str()),
        "{told}: {running} and not one of {expected:?}"
    );
    let host = Driver(Store::new(disk.clone()));
    let watermark = host.state().watermark().cloned();
    host.commit(&release("9.0.0", "good"))
        .unwrap_or_else(|error| panic!("{told}: {error}"));
    let state = host.state();
    assert!(state.watermark() > watermark.as_ref(), "{told}");
    assert_eq!(version(&host.0.settled().unwrap().0), "9.0.0", "{told}");
}

#[test]
fn a_loss_of_power_in_the_middle_of_going_on_is_survived_as_well() {
    let disk = Recording::new(usize::MAX);
    let host = Driver(Store::new(disk.clone()));
    host.commit(&release("1.0.0", "one")).unwrap();
    let good = release("9.0.0", "good");
    let mut cut = 0;
    // One loss after another, each a few effects later than the one before.
    let mut disk = disk;
    loop {
        let next = disk.copy(cut);
        if Driver(Store::new(next.clone())).commit(&good).is_ok() {
            break;
        }
        disk = next.after(Loss::Everything);
        assert!(runs(&Store::new(disk.clone()).settled().unwrap().0));
        cut += 1;
        assert!(cut < 1000);
    }
}
