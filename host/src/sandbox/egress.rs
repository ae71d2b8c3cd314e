//! The only way out of an instance: `wasi:http/outgoing-handler`, served by our network.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use sealift_network::{ConnectError, Network, NetworkError, RequestLimits, Stalled};
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

use super::limits::Limits;

/// The network as one instance may use it.
#[derive(Clone)]
pub(super) struct Egress {
    network: Network,
    request: RequestLimits,
    usage: Arc<Usage>,
}

/// What an instance did with the network.
#[derive(Debug)]
pub(super) struct Usage {
    open: AtomicUsize,
    open_limit: usize,
    out: AtomicU64,
    out_limit: AtomicU64,
    moves: AtomicU64,
    failure: Mutex<Option<Arc<NetworkError>>>,
}

type Sent = Result<(http::Response<WasiBody>, Trailing), HttpError>;
type Trailing = Box<dyn Future<Output = Result<(), HttpError>> + Send>;

impl Egress {
    pub(super) fn new(network: Network, limits: &Limits) -> Self {
        let usage = Usage {
            open: AtomicUsize::new(0),
            open_limit: limits.open_requests,
            out: AtomicU64::new(0),
            out_limit: AtomicU64::new(limits.bytes_out),
            moves: AtomicU64::new(0),
            failure: Mutex::new(None),
        };
        let request = RequestLimits {
            response_bytes: limits.response,
            ..RequestLimits::default()
        };
        Self {
            network,
            request,
            usage: Arc::new(usage),
        }
    }

    pub(super) fn usage(&self) -> &Arc<Usage> {
        &self.usage
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
        let (network, limits, usage) =
            (self.network.clone(), self.request, Arc::clone(&self.usage));
        Box::new(async move {
            let slot = Slot::take(&usage).ok_or(HttpError::ConnectionLimitReached)?;
            let request = request.map(|body| {
                RequestMeter {
                    body,
                    usage: Arc::clone(&usage),
                }
                .boxed_unsync()
            });
            let response = network
                .send(request, limits)
                .await
                .map_err(|error| usage.failed(error))?;
            usage.answered();
            let meter = |body| {
                ResponseMeter {
                    body,
                    usage,
                    _slot: slot,
                }
                .boxed_unsync()
            };
            Ok((response.map(meter), Box::new(async { Ok(()) }) as Trailing))
        })
    }
}

impl Usage {
    /// Grows with every frame and answer: while it stands still, nothing is happening.
    pub(super) fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }

    /// Lets the instance send this many bytes in all.
    pub(super) fn allow(&self, bytes: u64) {
        self.out_limit.store(bytes, Ordering::Relaxed);
    }

    /// Why the latest request failed, unless one was answered since.
    pub(super) fn failure(&self) -> Option<Arc<NetworkError>> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn moved(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    fn answered(&self) {
        self.moved();
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn failed(&self, error: NetworkError) -> HttpError {
        let code = code(&error);
        tracing::debug!(error = %crate::report::chain(&error), "request failed");
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(error));
        code
    }

    fn count_out(&self, bytes: usize) -> Result<(), HttpError> {
        self.moved();
        let limit = self.out_limit.load(Ordering::Relaxed);
        let before = self.out.fetch_add(bytes as u64, Ordering::Relaxed);
        if before.saturating_add(bytes as u64) > limit {
            tracing::warn!(limit, "the component sent more bytes than it may");
            return Err(HttpError::HttpRequestBodySize(Some(limit)));
        }
        Ok(())
    }
}

/// One of the requests that an instance may have open.
struct Slot(Arc<Usage>);

impl Slot {
    fn take(usage: &Arc<Usage>) -> Option<Self> {
        let slot = Self(Arc::clone(usage));
        (usage.open.fetch_add(1, Ordering::Relaxed) < usage.open_limit).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request body that counts against the instance's bytes out.
struct RequestMeter {
    body: WasiBody,
    usage: Arc<Usage>,
}

impl http_body::Body for RequestMeter {
    type Data = Bytes;
    type Error = sealift_network::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            self.usage
                .count_out(frame.data_ref().map_or(0, Bytes::len))?;
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
    _slot: Slot,
}

impl http_body::Body for ResponseMeter {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, HttpError>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        self.usage.moved();
        Poll::Ready(frame.map(|frame| frame.map_err(|error| self.usage.failed(error))))
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
        NetworkError::Busy { .. } => HttpError::ConnectionLimitReached,
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
