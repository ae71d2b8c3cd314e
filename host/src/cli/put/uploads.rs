//! Several files at once, over few connections.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sealift::gateway::{Gateway, Upload};
use sealift::put::{Input, Item};
use sealift::sandbox::{Options, Outcome};
use sealift_payload::{Payload, Source};
use tokio::time::{MissedTickBehavior, interval};

use super::args::Put;
use super::item_error::ItemError;
use super::standard_input;
use super::tally::Tally;
use super::trial::Trial;
use crate::cli::progress::{Progress, Tries, Watched};

/// How often the bar is drawn and results are let go.
const REFRESH: Duration = Duration::from_millis(100);

/// The uploads of one call.
pub(super) struct Uploads<'a> {
    gateway: &'a Gateway,
    trial: &'a Trial,
    bucket: &'a str,
    args: &'a Put,
    options: Options,
    /// By their place in the plan; kept only for `--abort`.
    under_way: RefCell<BTreeMap<usize, Upload>>,
}

/// What became of one item.
pub(super) struct Finished<'a> {
    pub(super) item: &'a Item,
    pub(super) took: Duration,
    /// With the object's size in bytes.
    pub(super) outcome: Result<(u64, Outcome), ItemError>,
    pub(super) tries: Tries,
}

impl<'a> Uploads<'a> {
    pub(super) fn new(
        gateway: &'a Gateway,
        trial: &'a Trial,
        bucket: &'a str,
        args: &'a Put,
        options: Options,
    ) -> Self {
        Self {
            gateway,
            trial,
            bucket,
            args,
            options,
            under_way: RefCell::default(),
        }
    }

    /// Uploads all of them. What is wrong with one file does not stop the others; what would be
    /// wrong with all of them keeps new ones from starting. Dropping the future ends what is under
    /// way.
    pub(super) async fn all(&self, items: &[Item], tally: &mut Tally<'_>, progress: &Progress) {
        let mut waiting = items.iter().enumerate();
        let mut running = FuturesUnordered::new();
        let mut tick = interval(REFRESH);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while running.len() < usize::from(self.args.transfer.jobs) && !tally.hopeless() {
                let Some((position, item)) = waiting.next() else {
                    break;
                };
                running.push(self.one(position, item, progress));
            }
            tokio::select! {
                biased;
                finished = running.next() => match finished {
                    Some(finished) => tally.finished(finished),
                    None => break,
                },
                _ = tick.tick() => {
                    progress.draw();
                    tally.flush();
                }
            }
        }
        tally.not_tried(waiting.map(|(_, item)| item));
    }

    /// What `all` had begun and not ended when it was dropped.
    pub(super) fn under_way(self) -> impl Iterator<Item = Upload> {
        self.under_way.into_inner().into_values()
    }

    async fn one<'i>(&self, position: usize, item: &'i Item, progress: &Progress) -> Finished<'i> {
        let begun = Instant::now();
        let watched = progress.begin(item.size);
        let outcome = self.upload(position, item, &watched).await;
        self.under_way.borrow_mut().remove(&position);
        Finished {
            item,
            took: begun.elapsed(),
            outcome,
            tries: watched.tries(),
        }
    }

    async fn upload(
        &self,
        position: usize,
        item: &Item,
        watched: &Watched<'_>,
    ) -> Result<(u64, Outcome), ItemError> {
        let source: Payload = match &item.input {
            Input::File(path) => {
                let file = Source::open(path)?;
                item.confirm(&file)?;
                file.into()
            }
            Input::Stdin => standard_input::stream(self.gateway.config()).await?.into(),
        };
        if let Some(size) = source.len() {
            watched.measured(size);
        }
        let mut options = self.options.clone();
        options.extend(self.args.object.guess(item));
        let upload = Upload {
            bucket: self.bucket.to_owned(),
            key: item.key.clone(),
            source: source.clone(),
            options,
        };
        if self.args.transfer.abort {
            self.under_way.borrow_mut().insert(position, upload.clone());
        }
        let outcome = self.trial.upload(upload, watched.observer()).await?;
        // The end of a stream is known by now.
        Ok((source.len().unwrap_or_default(), outcome))
    }
}
