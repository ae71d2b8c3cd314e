//! What a trial shows, and how it ends.

use sealift_release::{
    Choice, Effect, Event, Failure, Outcome, Phase, Refusal, Requester, RollBackTo, SlotName,
    Stage, Tally, Turn, Verdict,
};

use crate::examples::{DEATHS, TRIAL_JOBS, release};

use super::device::Device;

fn on_trial() -> Device {
    let mut device = Device::new();
    device.commit(&release("1.0.0", "a"));
    device.bring_to_trial(&release("1.1.0", "b"));
    device
}

fn rolled_back(device: &mut Device, failure: Failure) {
    assert_eq!(device.effects, [Effect::Run(device.state.settled())]);
    assert!(device.holds(device.state.settled()));
    device.tell(Event::BroughtBack).unwrap();
    let outcome = &device.state.last().unwrap().outcome;
    assert_eq!(*outcome, Outcome::FailedAndRolledBack { failure });
    assert_eq!(
        device.state.committed().unwrap().version().to_string(),
        "1.0.0"
    );
    let releases = [release("1.1.0", "b")];
    let refusal = device.offer(&releases, Requester::Schedule).unwrap_err();
    assert!(matches!(refusal, Refusal::FailedBefore { .. }), "{refusal}");
}

#[test]
fn a_healthy_trial_commits_and_keeps_what_ran_before() {
    let mut device = on_trial();
    for _ in 0..TRIAL_JOBS {
        assert_eq!(device.state.phase(), Phase::Trial);
        device.trial_job(Verdict::Succeeded);
    }
    assert_eq!(device.state.phase(), Phase::Committed);
    assert_eq!(device.slots.len(), 2);
    assert_eq!(device.state.watermark().unwrap().to_string(), "1.1.0");
}

#[test]
fn one_bad_end_of_a_job_ends_the_trial() {
    let ends = [
        (
            Verdict::Trapped {
                note: "unreachable".into(),
            },
            Failure::Trapped {
                note: "unreachable".into(),
            },
        ),
        (Verdict::TimedOut, Failure::TimedOut),
        (
            Verdict::OverLimits {
                note: "memory".into(),
            },
            Failure::OverLimits {
                note: "memory".into(),
            },
        ),
        (Verdict::Unproven, Failure::Unproven),
    ];
    for (verdict, failure) in ends {
        let mut device = on_trial();
        device.trial_job(Verdict::Succeeded);
        device.trial_job(Verdict::Succeeded);
        device.trial_job(verdict);
        rolled_back(&mut device, failure);
    }
}

#[test]
fn jobs_that_fail_more_often_than_before_end_the_trial_and_as_often_do_not() {
    let mut device = on_trial();
    device.circumstances.settled = Tally {
        succeeded: 70,
        failed: 30,
    };
    device.trial_job(Verdict::Failed);
    for _ in 1..TRIAL_JOBS {
        device.trial_job(Verdict::Succeeded);
    }
    assert_eq!(device.state.phase(), Phase::Committed);

    let mut device = on_trial();
    device.trial_job(Verdict::Failed);
    let (failed, allowed, jobs) = (1, 0, TRIAL_JOBS);
    rolled_back(
        &mut device,
        Failure::ErrorRate {
            failed,
            allowed,
            jobs,
        },
    );
}

#[test]
fn a_component_on_which_half_of_the_jobs_fail_is_not_taken_however_badly_the_old_one_fares() {
    let mut device = on_trial();
    device.circumstances.settled = Tally {
        succeeded: 1,
        failed: 1000,
    };
    device.trial_job(Verdict::Failed);
    device.trial_job(Verdict::Failed);
    let (failed, allowed, jobs) = (2, 1, TRIAL_JOBS);
    rolled_back(
        &mut device,
        Failure::ErrorRate {
            failed,
            allowed,
            jobs,
        },
    );
}

#[test]
fn jobs_that_say_nothing_do_not_count() {
    let mut device = on_trial();
    for _ in 0..20 {
        device.trial_job(Verdict::Inconclusive);
    }
    assert_eq!(device.state.phase(), Phase::Trial);
}

#[test]
fn a_trial_that_needs_fewer_jobs_than_it_had_ends_when_that_is_noticed() {
    let mut device = on_trial();
    for _ in 1..TRIAL_JOBS {
        device.trial_job(Verdict::Succeeded);
    }
    device.tell(Event::Reconsider).unwrap();
    assert_eq!(device.state.phase(), Phase::Trial);
    device.circumstances.trial.jobs = (TRIAL_JOBS - 1).try_into().unwrap();
    device.tell(Event::Reconsider).unwrap();
    assert_eq!(device.state.phase(), Phase::Committed);
}

#[test]
fn no_more_jobs_run_on_a_trial_than_it_needs() {
    let mut device = on_trial();
    let Turn::Trial { digest, .. } = device.state.turn(device.circumstances.trial) else {
        panic!("no trial");
    };
    for _ in 0..TRIAL_JOBS {
        device.tell(Event::TrialJobBegan { digest }).unwrap();
    }
    let settled = device.state.settled();
    assert_eq!(
        device.state.turn(device.circumstances.trial),
        Turn::Settled(settled)
    );
    let refused = device.tell(Event::TrialJobBegan { digest });
    assert_eq!(refused, Err(Refusal::NoTurn { digest }));
}

#[test]
fn a_process_that_dies_with_a_job_on_trial_is_a_try_and_the_tries_are_counted() {
    let mut device = on_trial();
    let digest = release("1.1.0", "b").digest;
    for death in 1..=DEATHS {
        assert_eq!(device.state.phase(), Phase::Trial);
        device.tell(Event::TrialJobBegan { digest }).unwrap();
        device.tell(Event::Started).unwrap();
        assert_eq!(device.state.phase() == Phase::Trial, death < DEATHS);
    }
    device.effects.truncate(1);
    rolled_back(&mut device, Failure::Died);
}

#[test]
fn losses_of_power_between_jobs_that_go_well_are_not_held_against_a_component() {
    let mut device = on_trial();
    let digest = release("1.1.0", "b").digest;
    for _ in 1..TRIAL_JOBS {
        device.tell(Event::TrialJobBegan { digest }).unwrap();
        device.tell(Event::Started).unwrap();
        device.trial_job(Verdict::Succeeded);
    }
    assert_eq!(device.state.phase(), Phase::Trial);
}

#[test]
fn going_to_the_factory_does_not_skip_the_end_of_a_trial_that_failed() {
    let mut device = Device::new();
    device.commit(&release("1.0.0", "a"));
    device.bring_to_trial(&release("1.1.0", "b"));
    device.trial_job(Verdict::TimedOut);
    let to = RollBackTo::Factory;
    device.tell(Event::RollBack { to }).unwrap();
    assert_eq!(device.state.settled(), Choice::Factory);
    assert!(matches!(device.state.stage(), Stage::RollingBack { .. }));
    device.tell(Event::BroughtBack).unwrap();
    let failure = Failure::TimedOut;
    let outcome = &device.state.last().unwrap().outcome;
    assert_eq!(*outcome, Outcome::FailedAndRolledBack { failure });
}

#[test]
fn restarts_without_a_job_on_trial_are_no_deaths() {
    let mut device = on_trial();
    for _ in 0..10 {
        device.tell(Event::Started).unwrap();
    }
    assert_eq!(device.state.phase(), Phase::Trial);
    assert!(matches!(
        device.effects[..],
        [Effect::Run(_), Effect::Report(_), Effect::Try { .. }]
    ));
}

#[test]
fn a_job_of_a_process_that_died_does_not_end_twice() {
    let mut device = on_trial();
    let digest = release("1.1.0", "b").digest;
    device.tell(Event::TrialJobBegan { digest }).unwrap();
    device.tell(Event::Started).unwrap();
    let before = device.state.clone();
    let verdict = Verdict::Succeeded;
    device
        .tell(Event::TrialJobEnded { digest, verdict })
        .unwrap();
    assert_eq!(device.state, before);
}

#[test]
fn where_what_ran_before_is_damaged_the_factory_component_runs_and_it_is_told() {
    let mut device = on_trial();
    device.trial_job(Verdict::TimedOut);
    let slot = device.state.spare().other();
    device.tell(Event::Damaged { slot }).unwrap();
    assert_eq!(device.state.settled(), Choice::Factory);
    let failure = Failure::TimedOut;
    let outcome = &device.state.last().unwrap().outcome;
    assert_eq!(*outcome, Outcome::FailedAndUnableToRollBack { failure });
    assert!(device.effects.contains(&Effect::Run(Choice::Factory)));
}

#[test]
fn damage_to_what_runs_falls_back_to_what_ran_before_and_then_to_the_factory() {
    let mut device = Device::new();
    device.commit(&release("1.0.0", "a"));
    device.commit(&release("1.1.0", "b"));
    device.tell(Event::Damaged { slot: SlotName::B }).unwrap();
    assert_eq!(
        device.state.committed().unwrap().version().to_string(),
        "1.0.0"
    );
    assert!(device.holds(device.state.settled()));
    device.tell(Event::Damaged { slot: SlotName::A }).unwrap();
    assert_eq!(device.state.settled(), Choice::Factory);
}

#[test]
fn damage_to_what_is_on_trial_ends_it_without_blame() {
    let mut device = on_trial();
    let slot = device.state.spare();
    device.tell(Event::Damaged { slot }).unwrap();
    device.tell(Event::BroughtBack).unwrap();
    assert_eq!(device.state.phase(), Phase::RolledBack);
    device.bring_to_trial(&release("1.1.0", "b"));
}

#[test]
fn a_conclusion_is_reported_until_it_has_been_told() {
    let mut device = Device::new();
    device.commit(&release("1.0.0", "a"));
    let report = Effect::Report(device.state.last().unwrap().clone());
    assert!(device.effects.contains(&report));
    device.tell(Event::Started).unwrap();
    assert!(device.effects.contains(&report));
    let digest = release("1.0.0", "a").digest;
    device.tell(Event::Told { digest }).unwrap();
    device.tell(Event::Started).unwrap();
    assert!(!device.effects.contains(&report));
}
