//! A job as a row of the database.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::Row;
use rusqlite::types::{FromSql, Value, ValueRef};

use crate::moment::{millis, moment};
use crate::seal::seal;
use crate::{
    Disposal, Failure, Job, JobId, Origin, Owner, Receipt, Settings, SourcePath, Stage, State, Task,
};

/// The columns of `jobs`, in the order of [`encode`] and [`decode`].
pub(crate) const COLUMNS: &str = "id, digest, source, fingerprint, bucket, key, settings, priority, \
     disposal, origin, size, added, state, not_before, owner, cancelling, receipt, finished, \
     attempts, last_attempt, failure_kind, failure, sent, seal";

/// How many of them there are.
pub(crate) const WIDTH: usize = 24;

/// The last column.
const SEAL: usize = WIDTH - 1;

/// What a row is that nobody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage(pub(crate) String);

/// The row of a job, sealed.
pub(crate) fn encode(job: &Job) -> [Value; WIDTH] {
    let task = &job.task;
    let stage = Columns::of(&job.stage);
    let failure = job.failure.as_ref();
    let mut row = [
        Value::Integer(job.id.number()),
        optional(job.current.then(|| task.digest().to_vec())),
        blob(task.source.as_path().as_os_str()),
        optional(task.fingerprint.as_ref().map(|it| it.as_str().to_owned())),
        text(task.target.bucket()),
        text(task.target.key()),
        Value::Text(serde_json::json!(task.settings.as_slice()).to_string()),
        Value::Integer(task.priority.into()),
        blob(&task.disposal.to_text()),
        Value::Text(task.origin.to_string()),
        count(task.size),
        Value::Integer(millis(job.added)),
        Value::Integer(job.state().code()),
        optional(stage.not_before),
        optional(stage.owner),
        Value::Integer(stage.cancelling.into()),
        optional(stage.receipt),
        optional(job.stage.finished().map(millis)),
        Value::Integer(job.attempts.into()),
        optional(job.last_attempt.map(millis)),
        optional(failure.map(|failure| failure.kind().to_owned())),
        optional(failure.map(|failure| failure.message().to_owned())),
        count(job.sent),
        Value::Null,
    ];
    row[SEAL] = Value::Integer(seal(row[..SEAL].iter().map(ValueRef::from)));
    row
}

/// The job of a row, if it is one that [`encode`] made.
pub(crate) fn decode(row: &Row<'_>) -> Result<Job, Damage> {
    let row = Cells(row);
    if seal(row.all()?) != row.cell::<i64>(SEAL)? {
        let id: i64 = row.cell(0).unwrap_or_default();
        return Err(Damage(format!(
            "the checksum of job {id} is not that of its row"
        )));
    }
    Ok(Job {
        id: JobId::new(row.cell(0)?),
        current: row.cell::<Option<Vec<u8>>>(1)?.is_some(),
        task: task(&row)?,
        added: moment(row.cell(11)?),
        stage: stage(&row)?,
        attempts: row.cell(18)?,
        last_attempt: row.cell::<Option<i64>>(19)?.map(moment),
        failure: match (row.cell(20)?, row.cell(21)?) {
            (Some(kind), Some(message)) => {
                let (kind, message): (String, String) = (kind, message);
                Some(Failure::new(&kind, &message))
            }
            _ => None,
        },
        sent: row.count(22)?,
    })
}

/// What can be told of a row that [`decode`] refuses: its number, and perhaps its source.
pub(crate) fn remains(row: &Row<'_>) -> (Option<i64>, Option<Vec<u8>>) {
    (Cells(row).cell(0).ok(), Cells(row).cell(2).ok())
}

fn task(row: &Cells<'_>) -> Result<Task, Damage> {
    let bytes: Vec<u8> = row.cell(2)?;
    let source = Path::new(OsStr::from_bytes(&bytes)).to_owned();
    let target: (String, String) = (row.cell(4)?, row.cell(5)?);
    let settings: Vec<(String, String)> =
        serde_json::from_str(&row.cell::<String>(6)?).map_err(|_| row.odd(6))?;
    let disposal: Vec<u8> = row.cell(8)?;
    Ok(Task {
        source: SourcePath::try_from(source).map_err(|_| row.odd(2))?,
        fingerprint: row
            .cell::<Option<String>>(3)?
            .map(TryInto::try_into)
            .transpose()
            .map_err(|_| row.odd(3))?,
        target: target.try_into().map_err(|_| row.odd(4))?,
        settings: Settings::try_from(settings).map_err(|_| row.odd(6))?,
        priority: row.cell(7)?,
        disposal: Disposal::parse(OsStr::from_bytes(&disposal)).map_err(|_| row.odd(8))?,
        origin: Origin::parse(&row.cell::<String>(9)?).ok_or_else(|| row.odd(9))?,
        size: row.count(10)?,
    })
}

fn stage(row: &Cells<'_>) -> Result<Stage, Damage> {
    let state = State::from_code(row.cell(12)?).ok_or_else(|| row.odd(12))?;
    let finished = || row.cell(17).map(moment);
    let receipt = || row.cell::<String>(16).map(|receipt| Receipt::new(&receipt));
    Ok(match state {
        State::Waiting => Stage::Waiting {
            not_before: row.cell::<Option<i64>>(13)?.map(moment),
        },
        State::Running => Stage::Running {
            owner: Owner::from_text(row.cell(14)?),
            cancelling: row.cell(15)?,
        },
        State::Uploaded => Stage::Uploaded {
            receipt: receipt()?,
        },
        State::Done => Stage::Done {
            receipt: receipt()?,
            finished: finished()?,
        },
        State::Failed => Stage::Failed {
            finished: finished()?,
        },
        State::Cancelled => Stage::Cancelled {
            finished: finished()?,
        },
    })
}

/// What only some stages have.
#[derive(Default)]
struct Columns {
    not_before: Option<i64>,
    owner: Option<String>,
    cancelling: bool,
    receipt: Option<String>,
}

impl Columns {
    fn of(stage: &Stage) -> Self {
        let mut columns = Self::default();
        match stage {
            Stage::Waiting { not_before } => columns.not_before = not_before.map(millis),
            Stage::Running { owner, cancelling } => {
                columns.owner = Some(owner.as_str().to_owned());
                columns.cancelling = *cancelling;
            }
            Stage::Uploaded { receipt } | Stage::Done { receipt, .. } => {
                columns.receipt = Some(receipt.as_str().to_owned());
            }
            Stage::Failed { .. } | Stage::Cancelled { .. } => {}
        }
        columns
    }
}

struct Cells<'a>(&'a Row<'a>);

impl Cells<'_> {
    /// What is sealed.
    fn all(&self) -> Result<Vec<ValueRef<'_>>, Damage> {
        (0..SEAL)
            .map(|column| self.0.get_ref(column).map_err(|_| self.odd(column)))
            .collect()
    }

    fn cell<T: FromSql>(&self, column: usize) -> Result<T, Damage> {
        self.0.get(column).map_err(|_| self.odd(column))
    }

    fn count(&self, column: usize) -> Result<u64, Damage> {
        u64::try_from(self.cell::<i64>(column)?).map_err(|_| self.odd(column))
    }

    fn odd(&self, column: usize) -> Damage {
        let id: i64 = self.0.get(0).unwrap_or_default();
        let name = COLUMNS
            .split(',')
            .map(str::trim)
            .nth(column)
            .unwrap_or_default();
        Damage(format!("job {id} has a {name} that was never written"))
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn blob(text: &OsStr) -> Value {
    Value::Blob(text.as_bytes().to_vec())
}

fn optional<T: Into<Value>>(value: Option<T>) -> Value {
    value.map_or(Value::Null, Into::into)
}

/// SQLite's integers are signed. No file has so many bytes.
pub(crate) fn count(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
