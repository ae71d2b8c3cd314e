//! The part that carries out updates as the fleet's operator orders them, through AWS IoT Jobs.

mod decision;

use std::sync::Arc;
use std::time::Duration;

use sealift_release::Requester;
use semver::Version;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::backoff::{Backoff, random, share, spread};
use super::current::Seen;
use super::standing::Standing;
use super::stop::Stop;
use super::supervisor::PartError;
use crate::gateway::Gateway;
use crate::report;
use crate::updates::jobs::{
    DetailError, Execution, JobId, JobsClient, JobsError, Progress, StatusDetails,
};
use crate::updates::{Releases, ReleasesError, UpdateError, Updater};
use decision::{Said, Step, after_refusal, decide};

/// After a failure that passes, it is asked again sooner than otherwise.
const AGAIN: Backoff = Backoff::new(Duration::from_secs(30), Duration::from_mins(30));

/// What it needs of the rest.
#[derive(Clone)]
pub(super) struct Orders {
    pub(super) current: Seen,
    pub(super) releases: Arc<Releases>,
    /// Changes when a trial begins or ends, which is when there is something to say.
    pub(super) standing: watch::Receiver<Option<Standing>>,
    pub(super) stop: Stop,
}

/// Why an order is not carried out, or nothing said of it.
#[derive(Debug, thiserror::Error)]
enum OrderError {
    #[error("cannot ask AWS IoT for jobs")]
    Jobs(#[from] JobsError),
    #[error(transparent)]
    Releases(#[from] ReleasesError),
    #[error(transparent)]
    Details(#[from] DetailError),
    #[error(transparent)]
    Update(#[from] UpdateError),
}

/// What was said last, so that nothing is said twice.
#[derive(Debug, Default, PartialEq, Eq)]
struct Last(Option<(JobId, Said)>);

impl Orders {
    /// Asks for orders until it is told to stop.
    pub(super) async fn run(self) -> Result<(), PartError> {
        let (mut stop, mut current) = (self.stop.clone(), self.current.clone());
        loop {
            let gateway = Arc::clone(&current.borrow_and_update());
            let client = JobsClient::of(&gateway)?;
            tokio::select! {
                () = stop.set() => return Ok(()),
                changed = current.changed() => changed?,
                ended = self.asked(&gateway, client.as_ref()) => ended?,
            }
        }
    }

    /// Asks again and again.
    async fn asked(
        &self,
        gateway: &Arc<Gateway>,
        client: Option<&JobsClient>,
    ) -> Result<(), PartError> {
        let (Some(client), Some(jobs)) = (client, &gateway.config().jobs) else {
            return std::future::pending().await;
        };
        let every = jobs.check.duration();
        let mut standing = self.standing.clone();
        let mut last = Last::default();
        let mut failures = 0;
        // Devices that got their power back together do not ask all at once.
        let mut next = Instant::now() + share(every / 10, random());
        loop {
            tokio::select! {
                () = sleep_until(next) => {}
                changed = standing.changed() => changed?,
            }
            let wait = match self.round(gateway, client, &mut last).await {
                Ok(()) => {
                    failures = 0;
                    spread(every, random())
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!("no order for updates: {}", report::chain(&error));
                    AGAIN.random_delay(failures).min(every)
                }
            };
            next = Instant::now() + wait;
        }
    }

    async fn round(
        &self,
        gateway: &Arc<Gateway>,
        client: &JobsClient,
        last: &mut Last,
    ) -> Result<(), OrderError> {
        let Some(execution) = client.next().await? else {
            return Ok(());
        };
        let state = self.releases.look().await?.state;
        match decide(&execution, &state) {
            Step::Nothing => Ok(()),
            Step::Say(said) => say(client, &execution, execution.version, said, last)
                .await
                .map(drop),
            Step::Begin(version) => self.begin(gateway, client, &execution, version, last).await,
        }
    }

    async fn begin(
        &self,
        gateway: &Arc<Gateway>,
        client: &JobsClient,
        execution: &Execution,
        wanted: Option<Version>,
        last: &mut Last,
    ) -> Result<(), OrderError> {
        tracing::info!("an update is ordered by the job {}", execution.job);
        let begun = Said::new(Progress::InProgress, "downloading");
        let version = say(client, execution, execution.version, begun, last).await?;
        let updater = Updater::new(Arc::clone(gateway), Arc::clone(&self.releases));
        let said = match updater.update_to(wanted.as_ref(), Requester::Message).await {
            // How it fares is said when it is known.
            Ok(()) => return Ok(()),
            Err(UpdateError::Refused(refusal)) => {
                let state = self.releases.look().await?.state;
                match after_refusal(&refusal, &state) {
                    Some(said) => said,
                    None => return Ok(()),
                }
            }
            // What passes is tried again by the next round.
            Err(error) if error.is_temporary() => return Err(error.into()),
            Err(error) => Said::new(Progress::Failed, &report::chain(&error)),
        };
        say(client, execution, version, said, last).await.map(drop)
    }
}

/// Says how far a job is, unless that was said before. The version that the job has then.
async fn say(
    client: &JobsClient,
    execution: &Execution,
    version: u64,
    said: Said,
    last: &mut Last,
) -> Result<u64, OrderError> {
    let now = Last(Some((execution.job.clone(), said.clone())));
    if *last == now {
        return Ok(version);
    }
    let details = StatusDetails::default().with("reason", &said.reason)?;
    let job = &execution.job;
    client.update(job, version, said.progress, &details).await?;
    *last = now;
    Ok(version + 1)
}
