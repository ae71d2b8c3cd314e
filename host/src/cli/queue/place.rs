//! Where the queue is.

use std::path::PathBuf;

use sealift_config::{Config, Environment};
use sealift_queue::{Cause, Queue, QueueError, Reader, Report};

use crate::cli::args::Global;
use crate::cli::{ExitStatus, Failure, output};

/// The state directory of the configuration in force.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn of(global: &Global) -> Result<Self, Failure> {
        let environment = Environment::of_process();
        let config = Config::load(global.config.as_deref(), &environment)?;
        Ok(Self(config.state_dir(&environment)?))
    }

    /// The queue to look at, also where nothing can be written. None, and a remark, if there is none: nothing
    /// was ever queued.
    pub(super) fn look(&self) -> Result<Option<Reader>, Failure> {
        match Queue::open_read_only(&self.0) {
            Ok(queue) => Ok(Some(queue)),
            Err(absent @ QueueError::Absent { .. }) => {
                output::remark(absent);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The queue to change what is there. None, and a remark, if there is none.
    pub(super) fn change(&self) -> Result<Option<Queue>, Failure> {
        // The reader goes at once: whoever opens it for good may have to be alone with it.
        let found = Queue::open_read_only(&self.0).map(drop);
        if let Err(absent @ QueueError::Absent { .. }) = found {
            output::remark(absent);
            return Ok(None);
        }
        // Other errors may go away with that.
        self.open().map(Some)
    }

    /// The queue, made if it is missing.
    pub(super) fn open(&self) -> Result<Queue, Failure> {
        let opened = Queue::open(&self.0)?;
        if let Some(report) = &opened.repaired {
            tell(report);
        }
        Ok(opened.queue)
    }
}

/// What became of a queue that was found damaged. Never quiet: jobs may be gone.
fn tell(report: &Report) {
    match &report.cause {
        Cause::Missing => output::remark(
            "warning: the queue was missing, and is begun anew: what had been in it is not known",
        ),
        Cause::Damaged { damage, moved_to } => output::remark(format_args!(
            "warning: the queue was damaged ({damage}): {} jobs were saved and {}{} lost; it was moved to {}",
            report.kept,
            if report.incomplete { "at least " } else { "" },
            report.lost,
            moved_to.display()
        )),
    }
    for lost in &report.lost_jobs {
        let source = lost.source.as_ref();
        let source = source.map_or_else(|| "unknown".into(), |path| path.to_string_lossy());
        let source = sealift::report::line(&source);
        output::remark(format_args!("warning: job {} is lost: {source}", lost.id));
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let status = match error {
            QueueError::Busy { .. } | QueueError::DiskFull { .. } => ExitStatus::TryLater,
            _ => ExitStatus::Failed,
        };
        Self::new(status, error)
    }
}
