//! `sealift queue`: the service's queue, as people look at it and change it. Whether the service runs makes
//! no difference.

mod add;
mod change;
mod place;
mod told;

use sealift_queue::{Filter, JobId, LARGEST_PAGE, State};

use super::args::Global;
use super::{Failure, output};
use add::Add;
use change::{Prune, Retry};
use place::Place;

/// `sealift queue`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Queue {
    /// Have files uploaded by the service
    Add(Box<Add>),

    /// List jobs
    List {
        /// Those in this state: waiting, running, uploaded, done, failed or cancelled; may be repeated
        #[arg(long = "state", value_name = "STATE")]
        states: Vec<State>,
    },

    /// Show all that is known of one job
    Show {
        /// Its number
        id: JobId,
    },

    /// Try failed and cancelled jobs again, and waiting ones at once
    Retry(Retry),

    /// Call jobs off; what is under way is stopped
    Cancel {
        /// Their numbers
        #[arg(value_name = "ID", required = true)]
        ids: Vec<JobId>,
    },

    /// Forget jobs of the past
    Prune(Prune),
}

pub(super) fn run(global: &Global, command: Queue) -> Result<(), Failure> {
    let place = Place::of(global)?;
    match command {
        Queue::Add(add) => add::run(global, &place, &add),
        Queue::List { states } => list(global, &place, states),
        Queue::Show { id } => show(global, &place, id),
        Queue::Retry(retry) => change::retry(global, &place, &retry),
        Queue::Cancel { ids } => change::cancel(global, &place, &ids),
        Queue::Prune(prune) => change::prune(global, &place, &prune),
    }
}

/// Page by page. Nobody who opens the queue should have to wait for whoever reads the list.
fn list(global: &Global, place: &Place, states: Vec<State>) -> Result<(), Failure> {
    let filter = Filter { states };
    let mut last = None;
    loop {
        let Some(queue) = place.look()? else {
            return Ok(());
        };
        let jobs = queue.list(&filter, last, LARGEST_PAGE)?;
        drop(queue);
        if last.is_none() && !global.json {
            if jobs.is_empty() {
                output::remark("no such jobs");
            } else {
                output::line(told::HEADING)?;
            }
        }
        for job in &jobs {
            if global.json {
                output::json(&told::Told::from(job))?;
            } else {
                told::row(job)?;
            }
        }
        match jobs.last() {
            Some(job) => last = Some(job.id),
            None => return Ok(()),
        }
    }
}

fn show(global: &Global, place: &Place, id: JobId) -> Result<(), Failure> {
    let found = match place.look()? {
        Some(queue) => queue.show(id)?,
        None => None,
    };
    let job = found.ok_or_else(|| Failure::failed(sealift_queue::Refusal::NoSuchJob { id }))?;
    if global.json {
        return output::json(&told::Told::from(&job));
    }
    told::all(&job)
}
