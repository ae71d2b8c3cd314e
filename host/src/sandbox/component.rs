//! A component that is ready to serve.

use std::sync::Arc;
use std::time::Duration;

use sealift_compiled::Digest;
use sealift_network::{Network, Reach};

use super::bindings::UploaderPre;
use super::call::Call;
use super::error::CallError;
use super::job::{Job, Outcome};
use super::limits::Limits;
use super::rooms::Rooms;
use super::state::State;
use super::ticker::Ticker;
use super::{AwsRequest, Credentials, Place, Provider, Receiver, Services, Unfinished};

/// A compiled component that asks for nothing the host lacks and exports our world.
/// Cheap to clone.
#[derive(Clone)]
pub struct Component(Arc<Loaded>);

pub(super) struct Loaded {
    pub(super) uploader: UploaderPre<State>,
    pub(super) ticker: Ticker,
    pub(super) rooms: Rooms,
    /// Linear memories of an instance.
    pub(super) memories: u32,
    pub(super) limits: Limits,
    pub(super) digest: Digest,
}

impl Component {
    pub(super) fn new(loaded: Loaded) -> Self {
        Self(Arc::new(loaded))
    }

    /// The SHA-256 of the component.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// Uploads one object.
    pub async fn upload(
        &self,
        network: &Network,
        services: Arc<dyn Services>,
        job: Job,
    ) -> Result<Outcome, CallError> {
        Call::job(&self.0, network, services)
            .await
            .upload(job)
            .await
    }

    /// Fetches new credentials from a provider, which is in `reach`.
    pub async fn fetch_credentials(
        &self,
        network: &Network,
        services: Arc<dyn Services>,
        provider: Provider,
        reach: Reach,
    ) -> Result<Credentials, CallError> {
        Call::fetch(&self.0, network, services)
            .await
            .fetch_credentials(provider, reach)
            .await
    }

    /// A dry run, which may take so long.
    pub async fn probe(
        &self,
        network: &Network,
        services: Arc<dyn Services>,
        limit: Duration,
    ) -> Result<(), CallError> {
        Call::job(&self.0, network, services)
            .await
            .probe(limit)
            .await
    }

    /// Signs a request to a service, sends it, and hands the answer to `receiver`.
    pub async fn call(
        &self,
        network: &Network,
        services: Arc<dyn Services>,
        request: AwsRequest,
        receiver: &mut impl Receiver,
    ) -> Result<(), CallError> {
        Call::job(&self.0, network, services)
            .await
            .aws(request, receiver)
            .await
    }

    /// A URL that carries its own signature, good for `seconds`.
    pub async fn presign(
        &self,
        network: &Network,
        services: Arc<dyn Services>,
        request: AwsRequest,
        seconds: u32,
    ) -> Result<String, CallError> {
        Call::job(&self.0, network, services)
            .await
            .presign(request, seconds)
            .await
    }

    /// The unfinished multipart uploads of a place.
    pub async fn list_unfinished(
        &self,
        network: &Network,
        services: Arc<dyn Services>,
        place: Place,
    ) -> Result<Vec<Unfinished>, CallError> {
        Call::job(&self.0, network, services)
            .await
            .list_unfinished(place)
            .await
    }

    /// Aborts one of them.
    pub async fn abort(
        &self,
        network: &Network,
        services: Arc<dyn Services>,
        place: Place,
        unfinished: Unfinished,
    ) -> Result<(), CallError> {
        Call::job(&self.0, network, services)
            .await
            .abort(place, unfinished)
            .await
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Component").field(&self.0.digest).finish()
    }
}
