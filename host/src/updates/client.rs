//! Requests that the host makes in its own name.

use std::sync::Arc;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use sealift_network::{Network, NetworkError, RequestBody, RequestLimits, ResponseBody};

use super::Device;
use crate::moment::Moment;
use crate::sandbox::Exchange;

/// There is no network for the host's own requests.
#[derive(Debug, thiserror::Error)]
pub enum NoNetwork {
    /// The trusted roots.
    #[error("cannot set up the network")]
    Network(#[from] sealift_network::Error),
    /// The proxy's exceptions.
    #[error("cannot set up the proxy")]
    NoProxy(#[from] sealift_network::NoProxyError),
}

/// A network with one service in its reach.
#[derive(Clone, Debug)]
pub(super) struct Client {
    network: Network,
    device: Arc<dyn Device>,
}

impl Client {
    pub(super) fn new(network: Network, device: Arc<dyn Device>) -> Self {
        Self { network, device }
    }

    pub(super) fn device(&self) -> &dyn Device {
        &*self.device
    }

    /// Sends a request and waits for the head of its answer, from which the device learns the time. To drop the future,
    /// or later the body, cancels the exchange.
    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
        response_bytes: u64,
    ) -> Result<Response<ResponseBody>, NetworkError> {
        let limits = RequestLimits {
            response_bytes,
            ..RequestLimits::default()
        };
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let turn = self.network.turn(&method, &uri, limits).await?;
        let request: Request<RequestBody> = request.map(|body| {
            Full::new(body)
                .map_err(|never| match never {})
                .boxed_unsync()
        });
        let begun = Moment::now();
        let response = self.network.send_in(turn, request, limits).await?;
        let received = Moment::now();
        self.device.answered(&Exchange {
            authentic: uri.scheme() == Some(&Scheme::HTTPS),
            delivered: false,
            status: response.status(),
            headers: response.headers(),
            round_trip: received.since(begun),
            received: received.wall,
        });
        Ok(response)
    }
}

/// The whole of a body; it is no longer than its request allowed.
pub(super) async fn whole(body: ResponseBody) -> Result<Bytes, NetworkError> {
    Ok(body.collect().await?.to_bytes())
}

/// What of a body fits into so many bytes: enough to tell a refusal by.
pub(super) async fn beginning(mut body: ResponseBody, most: usize) -> Vec<u8> {
    let mut contents = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let room = most - contents.len();
        contents.extend_from_slice(data.get(..room).unwrap_or(&data));
        if contents.len() == most {
            break;
        }
    }
    contents
}
