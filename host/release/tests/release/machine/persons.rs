//! What people can do.

use sealift_release::{
    Choice, Effect, Event, Failure, Outcome, Phase, Refusal, Requester, RollBackTo, Standing,
    Window,
};

use crate::examples::release;

use super::device::Device;

const PREVIOUS: Event = Event::RollBack {
    to: RollBackTo::Previous,
};
const FACTORY: Event = Event::RollBack {
    to: RollBackTo::Factory,
};

#[test]
fn a_held_device_takes_nothing_and_begins_no_trial_until_it_is_released() {
    let mut device = Device::new();
    device.tell(Event::Hold).unwrap();
    let person = Requester::Person { force: true };
    let refusal = device.offer(&[release("1.0.0", "a")], person).unwrap_err();
    assert_eq!(refusal, Refusal::Held);
    device.tell(Event::Release).unwrap();
    device.offer(&[release("1.0.0", "a")], person).unwrap();
    device.tell(Event::Hold).unwrap();
    device.downloaded();
    device.checked();
    device.tell(Event::Started).unwrap();
    assert_eq!(device.state.phase(), Phase::Staged);
    device.tell(Event::Release).unwrap();
    assert_eq!(device.state.phase(), Phase::Trial);
}

#[test]
fn a_trial_waits_for_the_maintenance_window() {
    let mut device = Device::new();
    device.circumstances.window = Window::Closed;
    device.bring_to_trial(&release("1.0.0", "a"));
    device.tell(Event::Reconsider).unwrap();
    assert_eq!(device.state.phase(), Phase::Staged);
    device.circumstances.window = Window::Open;
    device.tell(Event::Reconsider).unwrap();
    assert_eq!(device.state.phase(), Phase::Trial);
}

#[test]
fn a_pinned_device_takes_its_version_and_no_other() {
    let mut device = Device::new();
    device.circumstances.window = Window::Closed;
    device.bring_to_trial(&release("1.1.0", "b"));
    let version: semver::Version = "1.0.0".parse().unwrap();
    device
        .tell(Event::Pin {
            version: version.clone(),
        })
        .unwrap();
    assert_eq!(device.state.phase(), Phase::Idle);
    let refusal = device
        .offer(&[release("1.1.0", "b")], Requester::Schedule)
        .unwrap_err();
    assert_eq!(refusal, Refusal::Pinned { pin: version });
    let both = [release("1.1.0", "b"), release("1.0.0", "a")];
    device.offer(&both, Requester::Schedule).unwrap();
    assert_eq!(
        device
            .state
            .stage()
            .release()
            .unwrap()
            .version()
            .to_string(),
        "1.0.0"
    );
    device.tell(Event::Unpin).unwrap();
    device.offer(&both, Requester::Schedule).unwrap();
    assert_eq!(
        device
            .state
            .stage()
            .release()
            .unwrap()
            .version()
            .to_string(),
        "1.1.0"
    );
}

#[test]
fn a_person_goes_back_and_what_was_left_does_not_come_again_by_itself() {
    let mut device = Device::new();
    let (one, two) = (release("1.0.0", "a"), release("2.0.0", "b"));
    device.commit(&one);
    device.commit(&two);
    device.tell(PREVIOUS).unwrap();
    assert!(device.state.committed().unwrap().is(&one));
    assert!(device.holds(device.state.settled()));
    let failure = Failure::ByHand;
    let outcome = &device.state.last().unwrap().outcome;
    assert_eq!(*outcome, Outcome::FailedAndRolledBack { failure });
    let refusal = device
        .offer(&[one, two.clone()], Requester::Schedule)
        .unwrap_err();
    assert!(matches!(refusal, Refusal::FailedBefore { .. }), "{refusal}");
    assert_eq!(device.state.watermark().unwrap(), two.version());
    device
        .offer(&[release("2.0.1", "c")], Requester::Schedule)
        .unwrap();
}

#[test]
fn before_the_first_release_came_the_factory_component() {
    let mut device = Device::new();
    device.commit(&release("1.0.0", "a"));
    device.tell(PREVIOUS).unwrap();
    assert_eq!(device.state.settled(), Choice::Factory);
    assert!(device.slots.is_empty());
    assert_eq!(device.tell(PREVIOUS), Err(Refusal::FactoryRuns));
    assert_eq!(device.tell(FACTORY), Err(Refusal::FactoryRuns));
}

#[test]
fn the_way_to_the_factory_component_is_open_in_every_stage() {
    for steps in 0..4 {
        let mut device = Device::new();
        device.commit(&release("1.0.0", "a"));
        device.circumstances.window = Window::Closed;
        let by = Requester::Person { force: false };
        let actions: [&dyn Fn(&mut Device); 4] = [
            &|device| device.offer(&[release("1.1.0", "b")], by).unwrap(),
            &Device::downloaded,
            &Device::checked,
            &|device| {
                device.circumstances.window = Window::Open;
                device.tell(Event::Reconsider).unwrap();
            },
        ];
        for action in actions.iter().take(steps + 1) {
            action(&mut device);
        }
        let trial = device.state.phase() == Phase::Trial;
        if !trial {
            assert_eq!(device.tell(PREVIOUS), Err(Refusal::NothingBefore));
        }
        device.tell(FACTORY).unwrap();
        assert_eq!(device.state.settled(), Choice::Factory);
        assert!(device.effects.contains(&Effect::Run(Choice::Factory)));
        device.tell(Event::BroughtBack).unwrap();
        assert_eq!(device.state.listing(), []);
        assert!(device.slots.is_empty());
    }
}

#[test]
fn a_person_ends_a_trial() {
    let mut device = Device::new();
    device.commit(&release("1.0.0", "a"));
    device.bring_to_trial(&release("1.1.0", "b"));
    device.tell(PREVIOUS).unwrap();
    device.tell(Event::BroughtBack).unwrap();
    assert_eq!(device.state.phase(), Phase::RolledBack);
    assert_eq!(
        device.state.committed().unwrap().version().to_string(),
        "1.0.0"
    );
}

#[test]
fn what_there_is_can_be_listed() {
    let mut device = Device::new();
    device.commit(&release("1.0.0", "a"));
    device.commit(&release("1.1.0", "b"));
    let standings = |device: &Device| -> Vec<_> {
        let listing = device.state.listing();
        listing
            .into_iter()
            .map(|listed| (listed.version.to_string(), listed.state))
            .collect()
    };
    let (one, two) = ("1.0.0".to_owned(), "1.1.0".to_owned());
    assert_eq!(
        standings(&device),
        [
            (two.clone(), Standing::Committed),
            (one, Standing::Previous)
        ]
    );
    device.bring_to_trial(&release("1.2.0", "c"));
    let three = "1.2.0".to_owned();
    assert_eq!(
        standings(&device),
        [(two, Standing::Committed), (three, Standing::Trial)]
    );
}
