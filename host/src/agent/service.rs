//! The service: what it opens, which parts it has, and how it ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealift_config::{Config, Environment};
use sealift_queue::ServiceLock;
use sealift_serve::Metrics;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinSet;

use super::ServiceError;
use super::bell::Bell;
use super::desk::{self, Counter, Desk, desk};
use super::figures::Figures;
use super::intake::Intake;
use super::network_changes;
use super::orders::Orders;
use super::quota::{Full, Quotas};
use super::serving::Serving;
use super::signals::{Signals, Wish};
use super::standing::Standing;
use super::status::Condition;
use super::stop::Stopper;
use super::supervisor::{Health, Part};
use super::systemd;
use super::updates::Updates;
use super::uploads::Uploads;
use crate::gateway::Gateway;
use crate::report;
use crate::updates::{Driver, Releases};

/// Runs the gateway service until a signal ends it: SIGTERM or SIGINT, after which uploads under way may
/// go on for as long as `service.drain` says. SIGHUP has it read its configuration again.
pub async fn run(config: Option<&Path>, environment: &Environment) -> Result<(), ServiceError> {
    let mut signals = Signals::listen()?;
    let place = Place {
        config: config.map(Path::to_owned),
        environment: environment.clone(),
    };
    let config = place.load()?;
    let state = config.state_dir(environment)?;
    // Held to the end.
    let _lock = ServiceLock::take(&state)?;
    let queue = desk::open(&state)?;
    systemd::starting();
    let gateway = Gateway::open(config, environment, None)?;
    let (desk, counter) = desk(queue, state.clone());
    let service = Service {
        place,
        current: watch::Sender::new(Arc::new(gateway)),
        desk,
        bell: Bell::default(),
        stopper: Stopper::default(),
        health: Health::default(),
        metrics: Metrics::default(),
        served: watch::Sender::new(false),
        releases: Arc::new(Releases::new(state.clone())),
        standing: watch::Sender::new(None),
        driver: Arc::default(),
        state,
    };
    service.run(&mut signals, counter).await
}

/// Where the configuration is.
#[derive(Clone)]
struct Place {
    config: Option<PathBuf>,
    environment: Environment,
}

/// What the parts share.
struct Service {
    place: Place,
    state: PathBuf,
    current: watch::Sender<Arc<Gateway>>,
    desk: Desk,
    bell: Bell,
    stopper: Stopper,
    health: Health,
    metrics: Metrics,
    /// Whether local programs are served, or cannot be.
    served: watch::Sender<bool>,
    releases: Arc<Releases>,
    standing: watch::Sender<Option<Standing>>,
    driver: Arc<OnceCell<Driver>>,
}

impl Place {
    /// The configuration, with all that a service needs.
    fn load(&self) -> Result<Config, ServiceError> {
        let config = Config::load(self.config.as_deref(), &self.environment)?;
        config.s3()?;
        Ok(config)
    }
}

impl Service {
    async fn run(self, signals: &mut Signals, counter: Counter) -> Result<(), ServiceError> {
        // The queue ends last: the others write down what they did.
        let closing = Stopper::default();
        let mut queue = JoinSet::new();
        queue.spawn(of_queue(counter).run(self.health.clone(), closing.stop()));
        let mut parts = JoinSet::new();
        for part in self.parts()? {
            parts.spawn(part.run(self.health.clone(), self.stopper.stop()));
        }
        // The sender is ours, so that the wait has an end.
        let _ = self.served.subscribe().wait_for(|served| *served).await;
        systemd::ready();
        tracing::info!(
            "the service runs, with its state in {}",
            self.state.display()
        );
        let signal = loop {
            match signals.next().await {
                Wish::End(signal) => break signal,
                Wish::Reload => self.reload().await,
            }
        };
        systemd::stopping(self.drain());
        tracing::info!("{signal}: the service ends");
        self.stopper.set();
        let ended = async {
            all(&mut parts).await;
            closing.set();
            self.desk.close().await;
            all(&mut queue).await;
        };
        tokio::select! {
            () = ended => Ok(()),
            signal = signals.end() => Err(ServiceError::EndedAtOnce { signal }),
        }
    }

    /// How long uploads under way may go on.
    fn drain(&self) -> Duration {
        self.current.borrow().config().service.drain.duration()
    }

    /// All but the queue. What else the service does is added here.
    fn parts(&self) -> Result<Vec<Part>, ServiceError> {
        let stop = || self.stopper.stop();
        let figures = Figures::register(&self.metrics)?;
        let uploads = Uploads {
            desk: self.desk.clone(),
            current: self.current.subscribe(),
            bell: self.bell.clone(),
            figures: figures.clone(),
            releases: Arc::clone(&self.releases),
            standing: self.standing.subscribe(),
            stop: stop(),
        };
        let updates = Updates {
            current: self.current.subscribe(),
            releases: Arc::clone(&self.releases),
            standing: self.standing.clone(),
            driver: Arc::clone(&self.driver),
            stop: stop(),
        };
        let orders = Orders {
            current: self.current.subscribe(),
            releases: Arc::clone(&self.releases),
            standing: self.standing.subscribe(),
            stop: stop(),
        };
        let full = Full::default();
        let intake = Intake {
            desk: self.desk.clone(),
            current: self.current.subscribe(),
            bell: self.bell.clone(),
            figures,
            full: full.clone(),
            state: self.state.clone(),
            stop: stop(),
        };
        let quotas = Quotas {
            desk: self.desk.clone(),
            current: self.current.subscribe(),
            full,
            stop: stop(),
        };
        let (bell, listening) = (self.bell.clone(), stop());
        let (desk, health, watched) = (self.desk.clone(), self.health.clone(), stop());
        let serving = Serving {
            current: self.current.subscribe(),
            environment: self.place.environment.clone(),
            condition: Condition {
                health: self.health.clone(),
                stop: stop(),
            },
            metrics: self.metrics.clone(),
            tried: self.served.clone(),
            stop: stop(),
        };
        Ok(vec![
            Part::new("uploads", move || uploads.clone().run()),
            Part::new("updates", move || updates.clone().run()),
            Part::new("orders", move || orders.clone().run()),
            Part::new("intake", move || intake.clone().run()),
            Part::new("quotas", move || quotas.clone().run()),
            Part::new("serving", move || serving.clone().run()),
            Part::new("network", move || {
                network_changes::listen(bell.clone(), listening.clone())
            }),
            Part::new("watchdog", move || {
                systemd::watchdog(desk.clone(), health.clone(), watched.clone())
            }),
        ])
    }

    /// Reads the configuration again. If it is wrong, the old one stays in force.
    async fn reload(&self) {
        systemd::reloading();
        let (place, running) = (self.place.clone(), self.state.clone());
        let opened = tokio::task::spawn_blocking(move || open_anew(&place, running)).await;
        let opened = opened.unwrap_or_else(|error| Err(ServiceError::Reload(error)));
        match opened {
            Ok(current) => {
                self.current.send_replace(Arc::new(current));
                systemd::accepted();
                tracing::info!("the configuration was read again and is in force");
            }
            Err(error) => {
                let why = report::chain(&error);
                systemd::refused(&why);
                tracing::error!("the configuration stays as it was: {why}");
            }
        }
        systemd::ready();
    }
}

fn open_anew(place: &Place, running: PathBuf) -> Result<Gateway, ServiceError> {
    let config = place.load()?;
    let now = config.state_dir(&place.environment)?;
    if now != running {
        return Err(ServiceError::StateMoved { now, running });
    }
    let gateway = Gateway::open(config, &place.environment, None)?;
    // Somebody may just have cured what was refused.
    gateway.ask_again();
    Ok(gateway)
}

fn of_queue(counter: Counter) -> Part {
    Part::new("queue", move || {
        let counter = counter.clone();
        async move { tokio::task::spawn_blocking(move || counter.serve()).await? }
    })
}

async fn all(parts: &mut JoinSet<()>) {
    while let Some(ended) = parts.join_next().await {
        if let Err(error) = ended {
            tracing::error!("the supervisor of a part ended badly: {error}");
        }
    }
}
