//! The only way out of an instance: `wasi:http/outgoing-handler`, served by our network.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Method, Uri};
use http_body::Body;
use http_body_util::BodyExt;
use sealift_config::Origin;
use sealift_network::{
    AnsweredEarly, ConnectError, Network, NetworkError, Reach, RequestLimits, Stalled, Turn,
};
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

use super::delivery::{Completion, Deliveries};
use super::limits::Limits;
use super::services::{Exchange, Services};
use super::turns::{NoTurn, Turns};
use super::usage::{Slot, TooMuch, Usage};
use crate::moment::Moment;

/// The network as one instance may use it.
#[derive(Clone)]
pub(super) struct Egress {
    network: Network,
    services: Arc<dyn Services>,
    request: RequestLimits,
    usage: Arc<Usage>,
    deliveries: Deliveries,
    turns: Arc<Turns<Turn>>,
}

type Sent = Result<(http::Response<WasiBody>, Trailing), HttpError>;
type Trailing = Box<dyn Future<Output = Result<(), HttpError>> + Send>;

impl Egress {
    pub(super) fn new(network: Network, services: Arc<dyn Services>, limits: &Limits) -> Self {
        let request = RequestLimits {
            reach: Reach::Ordinary,
            response_bytes: limits.response,
            ..RequestLimits::default()
        };
        Self {
            network,
            services,
            request,
            usage: Arc::new(Usage::new(limits)),
            deliveries: Deliveries::default(),
            turns: Arc::default(),
        }
    }

    /// Lets the instance upload one object: what it delivers counts.
    pub(super) fn upload(&mut self, deliveries: Deliveries, bytes_out: u64, urgency: u8) {
        self.deliveries = deliveries;
        self.store(bytes_out, urgency);
    }

    /// Lets the instance talk to the store: it may send this many bytes. The requests that fetch
    /// credentials are none of its business.
    pub(super) fn store(&mut self, bytes_out: u64, urgency: u8) {
        self.request.urgency = urgency;
        self.usage.allow(bytes_out);
    }

    /// Lets the instance make the request that fetches its credentials.
    pub(super) fn fetch(&mut self, reach: Reach) {
        self.request.reach = reach;
    }

    pub(super) fn usage(&self) -> &Arc<Usage> {
        &self.usage
    }

    pub(super) fn deliveries(&self) -> &Deliveries {
        &self.deliveries
    }

    pub(super) fn turns(&self) -> &Arc<Turns<Turn>> {
        &self.turns
    }

    /// Waits for the request's turn.
    async fn turn(&self, method: Method, uri: Uri) -> Result<Turn, HttpError> {
        let origin = Origin::try_from(&uri).map_err(|_| HttpError::HttpRequestUriInvalid)?;
        let fits = |turn: &Turn| *turn.origin() == origin;
        let next = self.network.turn(&method, &uri, self.request);
        let turn = self.turns.take(fits, next).await;
        turn.map_err(|none| match none {
            NoTurn::Late => HttpError::ConnectionLimitReached,
            NoTurn::Failed(error) => failed(&self.usage, error),
        })
    }

    async fn send(self, mut request: http::Request<WasiBody>) -> Sent {
        let slot = Slot::take(&self.usage).ok_or(HttpError::ConnectionLimitReached)?;
        let ticket = self.deliveries.send(&mut request).await?;
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let turn = self.turn(method, uri).await?;
        let Self {
            network,
            services,
            request: limits,
            usage,
            ..
        } = self;
        settle_length(&mut request);
        usage.count_out(head_size(&request)).map_err(too_much)?;
        let request = request.map(|body| {
            RequestMeter {
                body,
                usage: Arc::clone(&usage),
            }
            .boxed_unsync()
        });
        let authentic = request.uri().scheme() == Some(&http::uri::Scheme::HTTPS);
        let begun = Moment::now();
        let response = network
            .send_in(turn, request, limits)
            .await
            .map_err(|error| failed(&usage, error))?;
        usage.answered();
        let received = Moment::now();
        services.answered(&Exchange {
            authentic,
            delivered: ticket.is_some() && response.status().is_success(),
            status: response.status(),
            headers: response.headers(),
            round_trip: received.since(begun),
            received: received.wall,
        });
        let early = response.extensions().get::<AnsweredEarly>().is_some();
        let completion = ticket.and_then(|ticket| ticket.answered(response.status(), early));
        let meter = |body| {
            ResponseMeter {
                body,
                usage,
                completion,
                _slot: slot,
            }
            .boxed_unsync()
        };
        Ok((response.map(meter), Box::new(async { Ok(()) })))
    }
}

impl WasiHttpHooks for Egress {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _answered: Box<dyn Future<Output = Result<(), HttpError>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        // The component's own timeouts are not taken: the operator knows the link.
        Box::new(self.clone().send(request))
    }
}

/// A body of known size has that size, whatever the component says: hyper would cut it to a
/// smaller `content-length`.
fn settle_length(request: &mut http::Request<WasiBody>) {
    if request.body().size_hint().exact().is_some() {
        request.headers_mut().remove(CONTENT_LENGTH);
    }
}

/// About what the head takes on the wire.
fn head_size(request: &http::Request<WasiBody>) -> usize {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let fields = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    target + fields.sum::<usize>()
}

fn too_much(error: TooMuch) -> HttpError {
    tracing::warn!("{error}");
    HttpError::HttpRequestBodySize(Some(error.limit))
}

fn failed(usage: &Usage, error: NetworkError) -> HttpError {
    let code = code(&error);
    usage.failed(error);
    code
}

/// A request body that counts against the instance's bytes out.
struct RequestMeter {
    body: WasiBody,
    usage: Arc<Usage>,
}

impl Body for RequestMeter {
    type Data = Bytes;
    type Error = sealift_network::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.usage.count_out(bytes).map_err(too_much)?;
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A response body that holds its request's slot until it is read or dropped.
struct ResponseMeter {
    body: sealift_network::ResponseBody,
    usage: Arc<Usage>,
    /// What the body says of an upload that the request was to complete.
    completion: Option<Completion>,
    _slot: Slot,
}

impl Body for ResponseMeter {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, HttpError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        self.usage.moved();
        if let (Some(Ok(frame)), Some(completion)) = (&frame, &mut self.completion)
            && let Some(bytes) = frame.data_ref()
        {
            completion.read(bytes);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(|error| failed(&self.usage, error))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// What a component learns of a failure: enough to decide whether to try again. The whole
/// of it is told to the user.
fn code(error: &NetworkError) -> HttpError {
    match error {
        NetworkError::Denied { .. } => HttpError::HttpRequestDenied,
        NetworkError::Uri(_) => HttpError::HttpRequestUriInvalid,
        NetworkError::Identity { .. } => HttpError::ConfigurationError,
        NetworkError::Connect(error) => connect_code(error),
        NetworkError::FirstByteTimeout { .. } => HttpError::HttpResponseTimeout,
        NetworkError::IdleTimeout {
            stalled: Stalled::Receiving,
            ..
        } => HttpError::ConnectionReadTimeout,
        NetworkError::IdleTimeout { .. } => HttpError::ConnectionWriteTimeout,
        NetworkError::Closed { .. } => HttpError::ConnectionTerminated,
        NetworkError::Body { .. } => HttpError::InternalError(None),
        NetworkError::ResponseTooLarge { limit, .. } => {
            HttpError::HttpResponseBodySize(Some(*limit))
        }
        NetworkError::Protocol { .. } => HttpError::HttpProtocolError,
    }
}

fn connect_code(error: &ConnectError) -> HttpError {
    match error {
        ConnectError::AddressDenied { .. } => HttpError::DestinationIpProhibited,
        ConnectError::Dns { .. } => HttpError::DnsError {
            rcode: None,
            info_code: None,
        },
        ConnectError::Dial { .. } => HttpError::ConnectionRefused,
        ConnectError::ConnectTimeout { .. } | ConnectError::TlsTimeout { .. } => {
            HttpError::ConnectionTimeout
        }
        ConnectError::Tls { .. } if error.is_transient() => HttpError::ConnectionTerminated,
        ConnectError::Tls { .. } => HttpError::TlsCertificateError,
        ConnectError::Proxy { .. } if error.is_transient() => HttpError::DestinationUnavailable,
        ConnectError::Proxy { .. } => HttpError::ConfigurationError,
    }
}
