//! Random histories, beside a model that is too simple to be wrong.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::*;

/// One call, with small numbers, so that calls meet.
#[derive(Clone, Debug)]
enum Step {
    Add {
        jobs: Vec<(u8, i8)>,
        again: bool,
    },
    Claim(usize),
    Settle {
        id: i64,
        how: u8,
    },
    Cancel(i64),
    Retry(i64),
    RetryFailed,
    Hasten,
    /// The service is killed, and begins anew.
    Restart,
    Prune(u64),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Step> {
    let id = 1..12_i64;
    prop_oneof![
        4 => (vec((0..6_u8, -1..=1_i8), 0..4), any::<bool>())
            .prop_map(|(jobs, again)| Step::Add { jobs, again }),
        4 => (0..4_usize).prop_map(Step::Claim),
        6 => (id.clone(), 0..7_u8).prop_map(|(id, how)| Step::Settle { id, how }),
        2 => id.clone().prop_map(Step::Cancel),
        1 => id.prop_map(Step::Retry),
        1 => Just(Step::RetryFailed),
        1 => Just(Step::Hasten),
        1 => Just(Step::Restart),
        1 => (0..3_u64).prop_map(Step::Prune),
        2 => (0..40_u64).prop_map(Step::Wait),
    ]
}

/// A job of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Simple {
    id: i64,
    name: u8,
    priority: i8,
    state: State,
    due: u64,
    cancelling: bool,
    attempts: u32,
    finished: u64,
    /// Whether it is what adding the same work finds.
    current: bool,
}

#[derive(Default)]
struct Model {
    jobs: Vec<Simple>,
    last: i64,
    now: u64,
}

/// Odd names have no fingerprint; those from 4 on are deleted afterwards.
fn work(name: u8, priority: i8, again: bool) -> NewJob {
    let mut task = task(&name.to_string());
    task.priority = priority;
    if name % 2 == 1 {
        task.fingerprint = None;
    }
    if name >= 4 {
        task.disposal = Disposal::Delete;
    }
    NewJob { task, again }
}

impl Model {
    fn find(&mut self, id: i64) -> Option<&mut Simple> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    fn end(job: &mut Simple, state: State, now: u64) {
        job.state = state;
        job.finished = now;
        job.cancelling = false;
        job.current &= job.name.is_multiple_of(2);
    }

    fn add(&mut self, name: u8, priority: i8, again: bool) -> i64 {
        let known = self
            .jobs
            .iter_mut()
            .find(|job| job.current && job.name == name);
        if let Some(known) = known {
            if !(again && known.state.is_final()) {
                return known.id;
            }
            known.current = false;
        }
        self.last += 1;
        self.jobs.push(Simple {
            id: self.last,
            name,
            priority,
            state: State::Waiting,
            due: 0,
            cancelling: false,
            attempts: 0,
            finished: 0,
            current: true,
        });
        self.last
    }

    fn claim(&mut self, count: usize) -> Vec<i64> {
        let now = self.now;
        let mut due: Vec<_> = self
            .jobs
            .iter_mut()
            .filter(|job| job.state == State::Waiting && job.due <= now)
            .collect();
        due.sort_by_key(|job| (std::cmp::Reverse(job.priority), job.id));
        due.truncate(count);
        due.into_iter()
            .map(|job| {
                job.state = State::Running;
                job.attempts += 1;
                job.id
            })
            .collect()
    }

    fn settle(&mut self, id: i64, how: u8) -> Option<State> {
        let now = self.now;
        let job = self.find(id)?;
        let follows = if how < 5 {
            State::Running
        } else {
            State::Uploaded
        };
        if job.state != follows {
            return None;
        }
        let called_off = job.cancelling;
        match how {
            0 if job.name >= 4 => {
                job.state = State::Uploaded;
                job.cancelling = false;
            }
            0 | 5 | 6 => Self::end(job, State::Done, now),
            1..=3 if called_off => {
                job.attempts -= u32::from(how == 2);
                Self::end(job, State::Cancelled, now);
            }
            1 => (job.state, job.due) = (State::Waiting, now + 30),
            2 => {
                (job.state, job.due) = (State::Waiting, 0);
                job.attempts -= 1;
            }
            3 => Self::end(job, State::Failed, now),
            _ => Self::end(job, State::Cancelled, now),
        }
        Some(job.state)
    }

    fn cancel(&mut self, id: i64) -> Option<State> {
        let now = self.now;
        let job = self.find(id)?;
        match job.state {
            State::Running => job.cancelling = true,
            State::Waiting | State::Failed => Self::end(job, State::Cancelled, now),
            State::Cancelled => {}
            State::Uploaded | State::Done => return None,
        }
        Some(job.state)
    }

    fn retry(&mut self, id: i64) -> Option<State> {
        let job = self.find(id)?.clone();
        let overtaken = !job.current
            && self
                .jobs
                .iter()
                .any(|other| other.current && other.name == job.name);
        if overtaken || matches!(job.state, State::Running | State::Uploaded | State::Done) {
            return None;
        }
        let job = self.find(id)?;
        if job.state != State::Waiting {
            job.attempts = 0;
        }
        (job.state, job.due, job.current) = (State::Waiting, 0, true);
        Some(State::Waiting)
    }

    fn retry_failed(&mut self) -> u64 {
        let failed: Vec<_> = self.in_state(State::Failed).map(|job| job.id).collect();
        let retried = failed.into_iter().filter_map(|id| self.retry(id));
        retried.count() as u64
    }

    fn restart(&mut self) {
        let now = self.now;
        for job in &mut self.jobs {
            if job.state == State::Running {
                if job.cancelling {
                    Self::end(job, State::Cancelled, now);
                } else {
                    (job.state, job.due) = (State::Waiting, 0);
                }
            }
        }
    }

    fn prune(&mut self, keep: usize) {
        for state in [State::Done, State::Failed, State::Cancelled] {
            let mut ended: Vec<_> = self
                .in_state(state)
                .map(|job| (job.finished, job.id))
                .collect();
            ended.sort_unstable();
            let excess = ended.len().saturating_sub(keep);
            for (_, id) in &ended[..excess] {
                self.jobs.retain(|job| job.id != *id);
            }
        }
    }

    fn in_state(&self, state: State) -> impl Iterator<Item = &Simple> {
        self.jobs.iter().filter(move |job| job.state == state)
    }
}

fn outcome(how: u8, now: u64) -> Outcome {
    match how {
        0 => uploaded(),
        1 => retry_at(at(now + 30)),
        2 => Outcome::Released,
        3 => failed(),
        4 => Outcome::Cancelled,
        5 => Outcome::Disposed,
        _ => Outcome::Kept {
            failure: Failure::new("source-changed", "it was modified"),
        },
    }
}

/// Takes a step in both, and compares what they answer.
fn step(kept: &Kept, queue: &mut Queue, model: &mut Model, step: Step, run: &mut u32) {
    let now = at(model.now);
    let me = owner(&run.to_string());
    match step {
        Step::Add { jobs, again } => {
            let new: Vec<_> = jobs.iter().map(|(n, p)| work(*n, *p, again)).collect();
            let added = queue.add_all(&new, now).unwrap();
            for (added, (name, priority)) in added.into_iter().zip(jobs) {
                assert_eq!(added.id().number(), model.add(name, priority, again));
            }
        }
        Step::Claim(count) => {
            let jobs = queue.claim(&me, count, now).unwrap();
            let ids: Vec<_> = jobs.iter().map(|job| job.id.number()).collect();
            assert_eq!(ids, model.claim(count));
        }
        Step::Settle { id, how } => {
            let settled = settlement(JobId::new(id), outcome(how, model.now));
            let settled = queue.settle_all(&[settled], now).unwrap();
            assert_eq!(settled[0].ok(), model.settle(id, how));
        }
        Step::Cancel(id) => {
            let cancelled = queue.cancel(&[JobId::new(id)], now).unwrap();
            assert_eq!(cancelled[0].ok(), model.cancel(id));
        }
        Step::Retry(id) => {
            let retried = queue.retry(&[JobId::new(id)]).unwrap();
            assert_eq!(retried[0].ok(), model.retry(id));
        }
        Step::RetryFailed => assert_eq!(queue.retry_failed().unwrap(), model.retry_failed()),
        Step::Hasten => {
            queue.hasten().unwrap();
            model.jobs.iter_mut().for_each(|job| job.due = 0);
        }
        Step::Restart => {
            *run += 1;
            *queue = Queue::open(kept.path()).unwrap().queue;
            queue.recover(&owner(&run.to_string()), now).unwrap();
            model.restart();
        }
        Step::Prune(keep) => {
            let prune = Prune {
                states: State::ALL.to_vec(),
                keep: Some(keep),
                finished_before: None,
            };
            queue.prune(&prune).unwrap();
            model.prune(usize::try_from(keep).unwrap());
        }
        Step::Wait(seconds) => model.now += seconds,
    }
}

/// All that can be seen of both.
fn compare(queue: &Queue, model: &Model) {
    let seen: Vec<_> = queue
        .list(&Filter::default(), None, 1000)
        .unwrap()
        .into_iter()
        .map(|job| (job.id.number(), job.state(), job.attempts, job.current))
        .collect();
    let expected: Vec<_> = model
        .jobs
        .iter()
        .map(|job| (job.id, job.state, job.attempts, job.current))
        .collect();
    assert_eq!(seen, expected);
    let called_off: Vec<_> = model
        .jobs
        .iter()
        .filter(|job| job.cancelling)
        .map(|job| job.id)
        .collect();
    let requested = queue.cancel_requested().unwrap();
    assert_eq!(
        requested.into_iter().map(JobId::number).collect::<Vec<_>>(),
        called_off
    );
    let due = model
        .in_state(State::Waiting)
        .map(|job| job.due.max(model.now))
        .min();
    assert_eq!(queue.next_due(at(model.now)).unwrap(), due.map(at));
    for state in State::ALL {
        let count = model.in_state(state).count() as u64;
        assert_eq!(queue.counts().unwrap().of(state).jobs, count);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_does_what_the_model_does(history in vec(steps(), 1..40)) {
        let kept = Kept::new();
        let mut queue = kept.open();
        let mut model = Model::default();
        let mut run = 0;
        for one in history {
            step(&kept, &mut queue, &mut model, one, &mut run);
            compare(&queue, &model);
        }
    }
}
