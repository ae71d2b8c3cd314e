//! Whatever happens, in whatever order.

use proptest::collection::vec;
use proptest::prelude::*;
use sealift_release::{Event, RollBackTo, Stage, Window};

use super::happening::happens;
use super::history::History;
use crate::examples::release;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// There is always something to run; the watermark does not sink and nothing below it is taken; what failed
    /// is not tried again unless it is forced; nothing is committed but after a healthy trial; a held
    /// device takes nothing.
    #[test]
    fn the_promises_hold_through_any_history(history in vec(happens(), 0..240)) {
        let mut device = History::new();
        for what in history {
            device.happen(what);
            device.check();
        }
    }

    /// From wherever it is, a device gets to the newest release when all goes well.
    #[test]
    fn every_history_can_go_on_to_a_good_release(history in vec(happens(), 0..120)) {
        let mut history = {
            let mut device = History::new();
            for what in history {
                device.happen(what);
            }
            device
        };
        let good = release("9.0.0", "good");
        let device = &mut history.device;
        device.circumstances.window = Window::Open;
        for event in [Event::Release, Event::Unpin, Event::Started, Event::BroughtBack] {
            device.tell(event).unwrap();
        }
        if matches!(device.state.stage(), Stage::Trial(_)) {
            device.tell(Event::RollBack { to: RollBackTo::Previous }).unwrap();
            device.tell(Event::BroughtBack).unwrap();
        }
        device.commit(&good);
    }
}

/// The histories are long enough to be worth something.
#[test]
fn random_histories_commit_and_fail() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut commits, mut failures) = (0, 0);
    for _ in 0..100 {
        let history = vec(happens(), 240).new_tree(&mut runner).unwrap().current();
        let mut device = History::new();
        for what in history {
            device.happen(what);
        }
        commits += device.commits;
        failures += device.failed.len();
    }
    assert!(
        commits > 50 && failures > 50,
        "{commits} commits, {failures} failures"
    );
}
