//! The gateway: the service with its disk and its links to the cloud, and somebody who starts it again.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use sealift_queue::{Queue, State};
use sealift_tests::{
    Aws, Cloud, Link, Outcome, Publisher, Service, SmallDisk, factory_marked, guest, marked, soon,
    until,
};

use super::file::{Folder, Folders};

/// Room for the queue of some thousand files and the journals of those that are under way.
const DISK: u32 = 32;

pub(super) struct Gateway {
    // In the order in which they must be dropped.
    service: Option<Running>,
    store: Link,
    provider: Link,
    disk: SmallDisk,
    is_full: bool,
    cloud: Cloud,
    repository: Publisher,
    releases: usize,
    starts: usize,
    /// Unfinished uploads that nobody may know of: no journal could be written when they began.
    excused: BTreeSet<String>,
    last_words: String,
}

/// Silence ends soon, and files of a few MiB go in parts.
const SETTINGS: [(&str, &str); 6] = [
    ("SEALIFT_NETWORK_CONNECT_TIMEOUT", "3s"),
    ("SEALIFT_NETWORK_TLS_TIMEOUT", "5s"),
    ("SEALIFT_NETWORK_FIRST_BYTE_TIMEOUT", "5s"),
    ("SEALIFT_NETWORK_IDLE_TIMEOUT", "5s"),
    ("SEALIFT_S3_MULTIPART_THRESHOLD", "5MiB"),
    ("SEALIFT_S3_PART_SIZE", "5MiB"),
];

/// The service as a process.
struct Running {
    service: Service,
    is_ready: bool,
    /// The disk was full while it ran: then it may end by itself.
    met_full_disk: bool,
}

impl Gateway {
    /// All is well.
    pub(super) fn start() -> Self {
        let cloud = Cloud::start();
        let mut rules = "[service]\ndrain = \"2s\"\n".to_owned();
        for folder in Folder::ALL {
            fs::create_dir_all(cloud.path(folder.name())).unwrap();
            rules.push_str(&folder.rule());
        }
        Service::configure(&cloud, &rules);
        let repository = Publisher::of(&cloud);
        Service::configure_more(&cloud, &repository.section("trial_jobs = 2"));
        let address = |endpoint: &str| endpoint.trim_start_matches("https://").parse().unwrap();
        let mut gateway = Self {
            service: None,
            store: Link::start(address(cloud.s3_endpoint())),
            provider: Link::start(address(cloud.credentials_endpoint())),
            disk: SmallDisk::mount(&cloud.path("state"), DISK),
            is_full: false,
            cloud,
            repository,
            releases: 0,
            starts: 0,
            excused: BTreeSet::new(),
            last_words: String::new(),
        };
        gateway.start_service();
        gateway
    }

    pub(super) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The cloud's time of day.
    pub(super) fn time(&self) -> String {
        self.cloud.clock().now().time().to_string()
    }

    pub(super) fn folders(&self) -> Folders {
        Folders(self.cloud.path(""))
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        [&self.store, &self.provider].into_iter()
    }

    pub(super) fn fill_disk(&mut self) {
        self.disk.fill();
        self.is_full = true;
        if let Some(running) = &mut self.service {
            running.met_full_disk = true;
        }
    }

    pub(super) fn empty_disk(&mut self) {
        self.disk.empty();
        self.is_full = false;
        self.excuse_unfinished_uploads();
    }

    pub(super) fn start_service(&mut self) {
        let provider = self.provider.url();
        let provider = provider.trim_start_matches("https://");
        let service = Service::start_unready(&self.cloud, |program| {
            let program = program
                .env("SEALIFT_S3_ENDPOINT", self.store.url())
                .env("SEALIFT_CREDENTIALS_ENDPOINT", provider);
            SETTINGS
                .into_iter()
                .fold(program, |program, (name, value)| program.env(name, value))
        });
        self.starts += 1;
        self.service = Some(Running {
            service,
            is_ready: false,
            met_full_disk: self.is_full,
        });
    }

    pub(super) fn kill(&mut self) {
        if let Some(running) = self.service.take() {
            running.service.signal(Signal::KILL);
            self.heed(&running.service.end());
        }
    }

    /// Another component is there to be taken; each third one is bad.
    pub(super) fn publish(&mut self) {
        self.releases += 1;
        let mark = format!("release {}", self.releases);
        let component = match self.releases % 6 {
            3 => marked(&fs::read(guest("signs_a_handshake")).unwrap(), &mark),
            0 => marked(&fs::read(guest("claims_success")).unwrap(), &mark),
            _ => factory_marked(&mark),
        };
        let version = format!("1.{}.0", self.releases);
        self.repository.publish(&version, &component);
    }

    fn excuse_unfinished_uploads(&mut self) {
        let entries = fs::read_dir(self.uploads()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        self.excused
            .extend(names.map(|name| name.into_string().unwrap()));
    }

    /// Has the service end in order; before it is ready, nobody hears the signal.
    pub(super) fn stop(&mut self) {
        match self.service.take() {
            Some(running) if running.is_ready => {
                running.service.signal(Signal::TERM);
                let outcome = running.service.end();
                self.heed(&outcome);
                outcome.done();
            }
            other => {
                self.service = other;
                self.kill();
            }
        }
    }

    /// All that waits is due once the configuration was read again.
    pub(super) fn hasten(&mut self) {
        if let Some(running) = &self.service
            && running.is_ready
        {
            running.service.signal(Signal::HUP);
        }
    }

    /// Starts the service again if it ended by itself, which it may do only for want of room.
    pub(super) fn look_after(&mut self) {
        let Some(running) = &mut self.service else {
            return;
        };
        running.is_ready |= running.service.has_told("READY=1");
        if running.service.running().has_ended()
            && let Some(running) = self.service.take()
        {
            let outcome = running.service.end();
            self.heed(&outcome);
            assert!(running.met_full_disk, "it ended by itself: {outcome:?}");
            self.start_service();
        }
    }

    /// What must not be in the log of any run.
    fn heed(&mut self, outcome: &Outcome) {
        for bad in ["panicked", "ended badly", "was damaged", "LOST"] {
            assert!(!outcome.stderr.contains(bad), "{}", outcome.stderr);
        }
        self.last_words.clone_from(&outcome.stderr);
    }

    /// No job is left, and none has failed; no upload was begun and forgotten.
    pub(super) fn nothing_is_left_to_do(&mut self) {
        let state = Service::state(&self.cloud);
        let queue = Queue::open_read_only(&state).unwrap();
        let left = [State::Waiting, State::Running, State::Uploaded];
        until("nothing is left to do", soon(), || {
            let counts = queue.counts().unwrap();
            left.iter().all(|state| counts.of(*state).jobs == 0)
        });
        let failed = queue.counts().unwrap().of(State::Failed).jobs;
        assert_eq!(failed, 0, "{}", self.story());
        let mut unfinished = Aws::on(&self.cloud).unfinished_uploads();
        unfinished.retain(|id| !self.excused.contains(id));
        assert!(
            unfinished.is_empty(),
            "uploads are left over: {}; {}",
            self.described(&unfinished),
            self.story()
        );
    }

    /// What the stand-in knows of uploads, for people.
    fn described(&self, uploads: &[String]) -> String {
        let all = self.uploads();
        let described = uploads.iter().map(|id| all.join(id).join("upload.json"));
        let described = described.map(|path| fs::read_to_string(path).unwrap());
        described.collect::<Vec<_>>().join("; ")
    }

    fn uploads(&self) -> PathBuf {
        self.cloud.dir().join(".meta/buckets/demo/uploads")
    }

    /// What the service did, for people: its log until now.
    pub(super) fn story(&mut self) -> String {
        let jobs = Service::jobs_of(&self.cloud);
        let open = jobs
            .iter()
            .filter(|job| !matches!(job.state(), State::Done | State::Cancelled));
        let open: Vec<_> = open.collect();
        self.kill();
        format!("jobs: {open:#?}\nlog: {}", self.last_words)
    }

    /// How often it was started.
    pub(super) fn end(mut self) -> String {
        self.stop();
        let log = fs::read_to_string(Service::state(&self.cloud).join("audit.jsonl"));
        let log = log.unwrap_or_default();
        let count = |change: &str| log.matches(&format!("\"change\":\"{change}\"")).count();
        format!(
            "the service was started {} times; {} releases, {} trials, {} committed, {} failed",
            self.starts,
            self.releases,
            count("on-trial"),
            count("committed"),
            count("failed")
        )
    }
}
