//! `sealift run`, as systemd starts it.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use sealift_queue::{Filter, Job, Queue, State};

use crate::{Cloud, Outcome, Program, Running, soon, until};

/// A running service and the socket on which it tells systemd how it is.
pub struct Service {
    running: Running,
    notices: UnixDatagram,
    state: PathBuf,
}

impl Service {
    /// The service of a cloud's device, when it is ready.
    #[track_caller]
    pub fn start(cloud: &Cloud) -> Self {
        let service = Self::start_unready(cloud, |program| program);
        service.wait_for("READY=1");
        service
    }

    /// Started by a changed call, ready or not.
    pub fn start_unready(cloud: &Cloud, change: impl FnOnce(Program) -> Program) -> Self {
        let path = cloud.path("notify");
        // That of the last service.
        let _ = std::fs::remove_file(&path);
        let notices = UnixDatagram::bind(&path).unwrap();
        let program = Program::on(cloud).arg("run").env("NOTIFY_SOCKET", &path);
        Self {
            running: change(program).start(),
            notices,
            state: Self::state(cloud),
        }
    }

    /// Its state directory.
    pub fn state(cloud: &Cloud) -> PathBuf {
        cloud.path("state").join("sealift")
    }

    /// Adds to the configuration of a cloud's device; `DIR` stands for the test's own directory. No port is
    /// fixed, since other tests run at the same time.
    pub fn configure(cloud: &Cloud, more: &str) {
        let path = &cloud.paths().config;
        let text = std::fs::read_to_string(path).unwrap();
        let directory = cloud.path("");
        let directory = directory.to_str().unwrap().trim_end_matches('/');
        let service = "[service]\nlisten = \"127.0.0.1:0\"\n";
        let more = more.replace("DIR", directory);
        let more = if more.contains("[service]") {
            more.replace("[service]\n", service)
        } else {
            format!("{service}{more}")
        };
        std::fs::write(path, format!("{text}\n{more}")).unwrap();
    }

    /// Adds sections to the configuration.
    pub fn configure_more(cloud: &Cloud, more: &str) {
        let path = &cloud.paths().config;
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, format!("{text}\n{more}")).unwrap();
    }

    /// The jobs that a service of this cloud left.
    pub fn jobs_of(cloud: &Cloud) -> Vec<Job> {
        jobs(&Self::state(cloud))
    }

    /// Waits until it tells systemd this.
    #[track_caller]
    pub fn wait_for(&self, expected: &str) {
        self.notice(expected, |line| line == expected);
    }

    /// Waits until it tells systemd something that begins like this, and answers what.
    #[track_caller]
    pub fn wait_for_any(&self, beginning: &str) -> String {
        self.notice(beginning, |line| line.starts_with(beginning))
    }

    #[track_caller]
    fn notice(&self, expected: &str, is_expected: impl Fn(&str) -> bool) -> String {
        let patience = Duration::from_secs(30);
        self.notices.set_read_timeout(Some(patience)).unwrap();
        let mut buffer = [0; 4096];
        loop {
            match self.notices.recv(&mut buffer) {
                Ok(length) => {
                    let text = String::from_utf8_lossy(&buffer[..length]);
                    if let Some(line) = text.lines().find(|line| is_expected(line)) {
                        return line.to_owned();
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("systemd was not told {expected}: {error}"),
            }
        }
    }

    /// Whether it told systemd this since it was last asked; waits for nothing.
    pub fn has_told(&self, expected: &str) -> bool {
        self.notices.set_nonblocking(true).unwrap();
        let mut buffer = [0; 4096];
        let mut told = false;
        while let Ok(length) = self.notices.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]);
            told |= text.lines().any(|line| line == expected);
        }
        self.notices.set_nonblocking(false).unwrap();
        told
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    /// Its process.
    pub fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// Waits until its log has this.
    #[track_caller]
    pub fn wait_for_log(&self, expected: &str) {
        until(&format!("the log has: {expected}"), soon(), || {
            self.log().contains(expected)
        });
    }

    /// Its log until now.
    pub fn log(&self) -> String {
        self.running.said()
    }

    /// Has it read its configuration again, and waits until it has.
    #[track_caller]
    pub fn reload(&self) {
        self.signal(Signal::HUP);
        self.wait_for("RELOADING=1");
        self.wait_for("READY=1");
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(self) -> Outcome {
        self.running.end()
    }

    /// Has it end in order.
    #[track_caller]
    pub fn stop(self) -> Outcome {
        self.signal(Signal::TERM);
        let outcome = self.end();
        outcome.done();
        outcome
    }

    /// The jobs of its queue.
    pub fn jobs(&self) -> Vec<Job> {
        jobs(&self.state)
    }

    /// Waits until so many jobs are in a state.
    #[track_caller]
    pub fn wait_for_jobs(&self, count: usize, state: State) {
        until("the jobs are in that state", soon(), || {
            let jobs = self.jobs();
            jobs.iter().filter(|job| job.state() == state).count() == count
        });
    }
}

/// The jobs of the queue in a directory.
fn jobs(directory: &Path) -> Vec<Job> {
    let queue = Queue::open_read_only(directory).unwrap();
    queue.list(&Filter::default(), None, 1000).unwrap()
}
