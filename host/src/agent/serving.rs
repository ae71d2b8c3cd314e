//! The part that local programs talk to: credentials, metrics, health.

use std::sync::Arc;

use sealift_config::Environment;
use sealift_serve::{Metrics, Server, Settings};
use tokio::sync::watch;

use super::current::Seen;
use super::status::Condition;
use super::stop::Stop;
use super::supervisor::PartError;
use crate::vending::Vending;

/// What it needs of the rest.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) current: Seen,
    pub(super) environment: Environment,
    pub(super) condition: Condition,
    pub(super) metrics: Metrics,
    /// Set once it listens, or could not.
    pub(super) tried: watch::Sender<bool>,
    pub(super) stop: Stop,
}

impl Serving {
    /// Serves until it is told to stop; with another configuration, where that one says.
    pub(super) async fn run(mut self) -> Result<(), PartError> {
        while !self.stop.is_set() {
            let bound = self.bind();
            self.tried.send_replace(true);
            let server = bound?;
            let addresses = server.addresses();
            tracing::info!(
                "local programs reach it at http://{}",
                addresses.credentials
            );
            let end = async {
                tokio::select! {
                    () = self.stop.set() => {}
                    // With nobody left to change it, the service ends too.
                    _ = self.current.changed() => {}
                }
            };
            server.run(end).await;
        }
        Ok(())
    }

    /// A server of the gateway in force. With the next gateway it is another one, so that nothing is handed
    /// out that the former obtained.
    fn bind(&mut self) -> Result<Server, PartError> {
        let gateway = Arc::clone(&self.current.borrow_and_update());
        let settings = Settings::of(gateway.config(), &self.environment)?;
        let status = Arc::new(self.condition.clone());
        let vending = Vending::new(move || Arc::clone(&gateway));
        let parts = vending.parts(status, self.metrics.clone());
        Ok(Server::bind(settings, parts)?)
    }
}
