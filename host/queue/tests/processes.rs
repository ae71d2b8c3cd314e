//! The queue among processes: killed ones, several at once, and those that may not write.
//!
//! The children are this program again, with the name of their part in the environment.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use sealift_queue::{
    Added, Disposal, Failure, Filter, NewJob, Origin, Outcome, Owner, Queue, QueueError, Receipt,
    Settlement, State, Task,
};

const PART: &str = "SEALIFT_QUEUE_TEST_PART";
const STATE: &str = "SEALIFT_QUEUE_TEST_STATE";

fn job(name: &str) -> NewJob {
    NewJob::from(Task {
        source: format!("/out/{name}").as_str().try_into().unwrap(),
        fingerprint: Some("as it was".to_owned().try_into().unwrap()),
        target: ("bucket", name).try_into().unwrap(),
        settings: sealift_queue::Settings::default(),
        priority: 0,
        disposal: Disposal::Keep,
        origin: Origin::Command,
        size: 1,
    })
}

fn program(part: &str, state: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    prepare(&mut command, part, state);
    command
}

fn prepare(command: &mut Command, part: &str, state: &Path) {
    command
        .args(["--exact", "a_child_plays_its_part", "--nocapture"])
        .env(PART, part)
        .env(STATE, state);
}

/// Not a test of its own: what the children run.
#[test]
fn a_child_plays_its_part() {
    let (Ok(part), Some(state)) = (std::env::var(PART), std::env::var_os(STATE)) else {
        return;
    };
    let state = Path::new(&state);
    match part.split_once(' ').unwrap_or((&part, "")) {
        ("work", run) => work(state, run),
        ("add", name) => add(state, name),
        ("look", _) => look(state),
        ("fill", _) => fill(state),
        ("knock", _) => knock(state),
        (other, _) => panic!("{other}"),
    }
}

/// Says what the queue has answered for. The line is out before the next call.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nsaid {line}").unwrap();
    out.flush().unwrap();
}

/// Adds, claims and settles until it is killed.
fn work(state: &Path, run: &str) {
    let opened = Queue::open(state).unwrap();
    assert_eq!(opened.repaired, None);
    let mut queue = opened.queue;
    let owner = Owner::this_process().unwrap();
    let now = SystemTime::now();
    queue.recover(&owner, now).unwrap();
    for turn in 0.. {
        let jobs: Vec<_> = (0..3).map(|n| job(&format!("{run}-{turn}-{n}"))).collect();
        for added in queue.add_all(&jobs, now).unwrap() {
            say(&format!("added {}", added.id()));
        }
        let claimed = queue.claim(&owner, 2, now).unwrap();
        let outcomes = [
            Outcome::Uploaded {
                receipt: Receipt::new("etag"),
            },
            Outcome::Failed {
                failure: Failure::new("denied", "no"),
            },
        ];
        let settled: Vec<_> = claimed
            .iter()
            .zip(outcomes)
            .map(|(job, outcome)| Settlement {
                id: job.id,
                outcome,
                sent: 1,
            })
            .collect();
        let states = queue.settle_all(&settled, now).unwrap();
        for (settlement, state) in settled.iter().zip(states) {
            say(&format!("settled {} {}", settlement.id, state.unwrap()));
        }
    }
}

/// What a child said before it was killed, which is after so many lines.
fn heard(child: &mut Child, lines: usize) -> Vec<String> {
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut said = Vec::new();
    let mut all = out.lines();
    while let Some(Ok(line)) = all.next() {
        said.extend(line.strip_prefix("said ").map(str::to_owned));
        if said.len() == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    said
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_settled_comes_back_when_the_service_is_killed() {
    let state = tempfile::tempdir().unwrap();
    let mut added = BTreeSet::new();
    let mut settled = BTreeMap::new();
    // Killed at once, in the middle, and late; the pipe makes the moment arbitrary.
    for (run, lines) in [1, 2, 4, 7, 11, 23, 40, 64, 97, 150]
        .into_iter()
        .enumerate()
    {
        let mut child = program(&format!("work {run}"), state.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = heard(&mut child, lines);
        assert!(said.len() >= lines, "{said:?}");
        for line in said {
            match *line.split(' ').collect::<Vec<_>>() {
                ["added", id] => assert!(added.insert(id.to_owned()), "{id} was given twice"),
                ["settled", id, state] => {
                    let before = settled.insert(id.to_owned(), state.to_owned());
                    assert_eq!(before, None, "{id} came back");
                }
                _ => panic!("{line}"),
            }
        }
        let opened = Queue::open(state.path()).unwrap();
        assert_eq!(opened.repaired, None);
        let mut found = BTreeMap::new();
        let mut after = None;
        loop {
            let page = opened.queue.list(&Filter::default(), after, 1000).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            found.extend(
                page.iter()
                    .map(|job| (job.id.to_string(), job.state().to_string())),
            );
        }
        for id in &added {
            assert!(found.contains_key(id), "{id} is lost");
        }
        for (id, state) in &settled {
            assert_eq!(&found[id], state, "{id}");
        }
    }
    assert!(settled.len() > 100, "{}", settled.len());
}

/// Adds a hundred jobs of its own, and a hundred that others add too.
fn add(state: &Path, name: &str) {
    let mut queue = Queue::open(state).unwrap().queue;
    for number in 0..100 {
        for job in [
            job(&format!("{name}-{number}")),
            job(&format!("all-{number}")),
        ] {
            let added = queue.add(&job, SystemTime::now()).unwrap();
            if matches!(added, Added::New(_)) {
                say(&format!("added {}", added.id()));
            }
        }
    }
}

#[test]
fn processes_that_add_at_once_lose_nothing_and_add_nothing_twice() {
    let state = tempfile::tempdir().unwrap();
    let mut children: Vec<_> = ["a", "b", "c"]
        .map(|name| {
            program(&format!("add {name}"), state.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .into();
    // Meanwhile this process is the service.
    let mut queue = Queue::open(state.path()).unwrap().queue;
    let owner = Owner::this_process().unwrap();
    let mut uploaded = BTreeSet::new();
    let deadline = SystemTime::now() + Duration::from_mins(2);
    while uploaded.len() < 400 {
        assert!(SystemTime::now() < deadline, "{}", uploaded.len());
        for job in queue.claim(&owner, 7, SystemTime::now()).unwrap() {
            let receipt = Receipt::new("etag");
            let outcome = Outcome::Uploaded { receipt };
            queue.settle(job.id, outcome, 1, SystemTime::now()).unwrap();
            assert!(uploaded.insert(job.task.target.key().to_owned()), "twice");
        }
    }
    let mut numbers = BTreeSet::new();
    for child in &mut children {
        for line in heard(child, usize::MAX) {
            assert!(numbers.insert(line));
        }
    }
    assert_eq!(numbers.len(), 400);
    assert_eq!(queue.counts().unwrap().of(State::Done).jobs, 400);
}

/// What can be done where nothing can be written.
fn look(state: &Path) {
    let error = Queue::open(state).unwrap_err();
    assert!(matches!(error, QueueError::ReadOnly { .. }), "{error:?}");
    let reader = Queue::open_read_only(state).unwrap();
    assert_eq!(reader.list(&Filter::default(), None, 9).unwrap().len(), 1);
    assert_eq!(reader.counts().unwrap().of(State::Waiting).jobs, 1);
    say("seen");
}

/// Fills the disk, and goes on when there is room again.
fn fill(state: &Path) {
    let mut queue = Queue::open(state).unwrap().queue;
    let ballast = state.join("ballast");
    std::fs::write(&ballast, vec![1; 512 * 1024]).unwrap();
    let mut last = 0;
    let error = loop {
        let jobs: Vec<_> = (0..20).map(|n| job(&format!("{last}-{n}"))).collect();
        match queue.add_all(&jobs, SystemTime::now()) {
            Ok(_) => last += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, QueueError::DiskFull { .. }), "{error:?}");
    let count = |queue: &Queue| queue.counts().unwrap().of(State::Waiting).jobs;
    assert_eq!(count(&queue), last * 20);
    // One that is opened now says so as well, or works.
    drop(queue);
    match Queue::open(state) {
        Ok(opened) => assert_eq!(opened.repaired, None),
        Err(error) => assert!(matches!(error, QueueError::DiskFull { .. }), "{error:?}"),
    }
    std::fs::remove_file(ballast).unwrap();
    let opened = Queue::open(state).unwrap();
    assert_eq!(opened.repaired, None);
    let mut queue = opened.queue;
    assert_eq!(count(&queue), last * 20);
    queue.add(&job("more"), SystemTime::now()).unwrap();
    say("filled");
}

/// What a user hears to whom the queue does not belong.
fn knock(state: &Path) {
    let error = Queue::open(state).unwrap_err();
    assert!(matches!(error, QueueError::Permission { .. }), "{error:?}");
    let error = Queue::open_read_only(state).unwrap_err();
    assert!(matches!(error, QueueError::Permission { .. }), "{error:?}");
    say("refused");
}

#[test]
fn another_user_is_refused_and_told_so() {
    use std::os::unix::process::CommandExt;
    let state = tempfile::tempdir().unwrap();
    Queue::open(state.path()).unwrap();
    // Only root can be somebody else.
    let mut command = program("knock", state.path());
    match command.uid(65534).gid(65534).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("\nsaid refused"), "{output:?}");
        }
        Err(error) => eprintln!("not shown: {error}"),
    }
}

/// Runs a part where a script has prepared the file system; none where this user may not mount.
fn among_mounts(script: &str, part: &str, state: &Path) -> Option<bool> {
    let may = Command::new("unshare").args(["-rm", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        eprintln!("not shown: this user may not mount");
        return None;
    }
    let mut command = Command::new("unshare");
    let script = format!("set -e; {script}; exec \"$@\"");
    command.args(["-rm", "sh", "-c", &script, "sh"]);
    command.arg(std::env::current_exe().unwrap());
    prepare(&mut command, part, state);
    let output = command.output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8_lossy(&output.stdout).contains("\nsaid "))
}

#[test]
fn on_a_file_system_that_can_only_be_read_the_queue_can_still_be_looked_at() {
    for killed in [false, true] {
        let state = tempfile::tempdir().unwrap();
        let mut queue = Queue::open(state.path()).unwrap().queue;
        queue.add(&job("a"), SystemTime::now()).unwrap();
        if !killed {
            drop(queue);
        }
        let script = "mount --bind \"$SEALIFT_QUEUE_TEST_STATE\" \"$SEALIFT_QUEUE_TEST_STATE\"; \
             mount -o remount,bind,ro \"$SEALIFT_QUEUE_TEST_STATE\"";
        let seen = among_mounts(script, "look", state.path());
        assert_ne!(seen, Some(false), "killed: {killed}");
    }
}

#[test]
fn on_a_full_disk_the_queue_says_so_and_goes_on_when_there_is_room() {
    let state = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m none \"$SEALIFT_QUEUE_TEST_STATE\"";
    let seen = among_mounts(script, "fill", state.path());
    assert_ne!(seen, Some(false));
}
