//! What users do, each so that some operation is asked for.

use std::fs;
use std::path::PathBuf;

use localcloud::{Counts, Operation};
use rustix::process::Signal;
use sealift_tests::{Cloud, Outcome, Program, Running, soon, until};

const MIB: usize = 1 << 20;
/// Three parts of the smallest size, and enough of them to be cut off in the middle.
const PARTS: usize = 15 * MIB;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A small file.
    Put,
    /// A large one.
    Parts,
    /// A file that is there already, with `--skip-existing`.
    Skip,
    /// A large file whose upload was killed.
    Resume,
    /// One that was killed, of a file that has changed since.
    Changed,
    /// One whose beginning went unheard.
    Stray,
    /// `unfinished list`, of one that was killed.
    List,
    /// `unfinished abort`, of one that was killed.
    Abort,
}

impl Scenario {
    pub const ALL: [Self; 8] = [
        Self::Put,
        Self::Parts,
        Self::Skip,
        Self::Resume,
        Self::Changed,
        Self::Stray,
        Self::List,
        Self::Abort,
    ];

    /// What asks for the operation; nothing where it is never asked for.
    pub fn asking_for(operation: Operation) -> &'static [Self] {
        match operation {
            Operation::GetCredentials | Operation::PutObject => &[Self::Put],
            Operation::CreateMultipartUpload
            | Operation::UploadPart
            | Operation::CompleteMultipartUpload => &[Self::Parts],
            Operation::HeadObject => &[Self::Skip],
            Operation::ListParts => &[Self::Resume],
            Operation::AbortMultipartUpload => &[Self::Changed, Self::Stray, Self::Abort],
            Operation::ListMultipartUploads => &[Self::Stray, Self::List, Self::Abort],
            Operation::CreateBucket
            | Operation::CreateSession
            | Operation::DeleteObject
            | Operation::DescribeJobExecution
            | Operation::GetBucketLocation
            | Operation::GetObject
            | Operation::GetObjectAcl
            | Operation::GetObjectLegalHold
            | Operation::GetObjectRetention
            | Operation::GetObjectTagging
            | Operation::HeadBucket
            | Operation::ListBuckets
            | Operation::ListObjects
            | Operation::ListObjectsV2
            | Operation::StartNextPendingJobExecution
            | Operation::UpdateJobExecution
            | Operation::Unknown => &[],
            // Whoever adds an operation says here what asks for it.
            other => panic!("{other} has no scenario"),
        }
    }

    /// Whether an object is there in the end, if all goes well.
    pub fn makes_an_object(self) -> bool {
        !matches!(self, Self::List | Self::Abort)
    }

    /// Uploads that are left, if all goes well.
    pub fn leaves(self) -> u64 {
        u64::from(self == Self::List)
    }
}

/// A scenario with a key, a file and a state directory of its own.
pub struct Case<'a> {
    cloud: &'a Cloud,
    scenario: Scenario,
    name: String,
    file: PathBuf,
    contents: Vec<u8>,
}

fn contents(size: usize, seed: usize) -> Vec<u8> {
    let bytes = (0..size).map(|n| u8::try_from((n + seed) % 251).unwrap());
    bytes.collect()
}

impl<'a> Case<'a> {
    /// Brings about what the scenario begins with.
    pub fn begin(cloud: &'a Cloud, scenario: Scenario, number: usize) -> Self {
        let name = format!("{scenario:?}-{number}");
        let size = match scenario {
            Scenario::Put | Scenario::Skip => 1000,
            _ => PARTS,
        };
        let contents = contents(size, 0);
        let mut case = Self {
            cloud,
            scenario,
            file: cloud.file(&format!("files/{name}"), &contents),
            name,
            contents,
        };
        match scenario {
            Scenario::Put | Scenario::Parts => {}
            Scenario::Skip => drop(case.put().run().done()),
            Scenario::Resume | Scenario::List | Scenario::Abort => case.cut_off(),
            Scenario::Changed => {
                case.cut_off();
                case.contents = self::contents(PARTS, 1);
                fs::write(&case.file, &case.contents).unwrap();
            }
            Scenario::Stray => case.go_unheard(),
        }
        cloud.take_counts();
        case
    }

    fn program(&self) -> Program {
        let state = self.cloud.path(&format!("state-{}", self.name));
        Program::on(self.cloud).env("XDG_STATE_HOME", state)
    }

    fn url(&self) -> String {
        format!("s3://demo/{}", self.name)
    }

    fn put(&self) -> Program {
        let put = self
            .program()
            .args(["put", "--part-size=5MiB", "--concurrency=2"]);
        let put = match self.scenario {
            Scenario::Skip => put.arg("--skip-existing"),
            Scenario::Put => put,
            _ => put.arg("--multipart-threshold=5MiB"),
        };
        put.arg(&self.file).arg(self.url())
    }

    /// A `put` that is killed when the first part is stored and written down.
    fn cut_off(&self) {
        self.cloud.take_counts();
        let mut running = Running::start(self.put().arg("--limit-rate=8MiB"));
        drop(running.stdin());
        until("the second part is under way", soon(), || {
            self.cloud.counts().requests(Operation::UploadPart) > 1
                && self.cloud.counts().body_bytes(Operation::UploadPart) > 6 * MIB as u64
        });
        running.signal(Signal::KILL);
        assert_eq!(running.end().status, -1);
        assert_eq!(self.left(), 1, "an upload is under way");
    }

    /// A `put` that hears nothing of the upload that it began.
    fn go_unheard(&self) {
        let fault = "CreateMultipartUpload:lost".parse().unwrap();
        self.cloud.set_faults(vec![fault]);
        assert_eq!(self.put().arg("--attempts=1").run().status, 75);
        self.cloud.set_faults(Vec::new());
        assert_eq!(self.left(), 1, "an upload was begun");
    }

    /// Does what the user does; `impatient` if somebody will be silent.
    pub fn act(&self, impatient: bool) -> Outcome {
        let program = match self.scenario {
            Scenario::List => self.program().args(["unfinished", "list"]).arg(self.url()),
            Scenario::Abort => self
                .program()
                .args(["unfinished", "abort", "--older-than=0s"])
                .arg(self.url()),
            _ => self.put(),
        };
        if impatient {
            return program
                .env("SEALIFT_NETWORK_FIRST_BYTE_TIMEOUT", "2s")
                .env("SEALIFT_NETWORK_IDLE_TIMEOUT", "1s")
                .run();
        }
        program.run()
    }

    /// The time for which credentials that were refused are not asked for has passed.
    pub fn cool_down(&self) {
        let state = self.cloud.path(&format!("state-{}", self.name));
        // Where nothing was refused there is no such file.
        let _ = fs::remove_file(state.join("sealift/refusals.json"));
    }

    pub fn take_counts(&self) -> Counts {
        self.cloud.take_counts()
    }

    /// Whether the object is there. Half of one, or another, never is.
    pub fn is_made(&self) -> bool {
        let object = self.cloud.object("demo", &self.name);
        if let Some(object) = &object {
            assert!(*object == self.contents, "{} is another object", self.name);
        }
        object.is_some()
    }

    /// Unfinished uploads of the key.
    pub fn left(&self) -> u64 {
        let objects = &self.cloud.paths().objects;
        let uploads = objects.with_file_name(".meta/buckets/demo/uploads");
        let uploads = fs::read_dir(uploads).unwrap();
        let key = format!("\"{}\"", self.name);
        let about = uploads.filter_map(|upload| {
            fs::read_to_string(upload.unwrap().path().join("upload.json")).ok()
        });
        about.filter(|about| about.contains(&key)).count() as u64
    }
}

/// How often the scenario asks for the operation, if all goes well.
pub fn usual(scenario: Scenario, operation: Operation) -> u64 {
    let parts = match scenario {
        Scenario::Parts | Scenario::Changed | Scenario::Stray => 3,
        Scenario::Resume => 2,
        _ => 0,
    };
    match operation {
        Operation::GetCredentials => 1,
        Operation::PutObject => u64::from(scenario == Scenario::Put),
        Operation::HeadObject => u64::from(scenario == Scenario::Skip),
        Operation::CreateMultipartUpload => u64::from(parts == 3),
        Operation::UploadPart => parts,
        Operation::CompleteMultipartUpload => u64::from(parts > 0),
        Operation::ListParts => u64::from(scenario == Scenario::Resume),
        Operation::ListMultipartUploads => u64::from(matches!(
            scenario,
            Scenario::Stray | Scenario::List | Scenario::Abort
        )),
        Operation::AbortMultipartUpload => u64::from(matches!(
            scenario,
            Scenario::Changed | Scenario::Stray | Scenario::Abort
        )),
        _ => 0,
    }
}
