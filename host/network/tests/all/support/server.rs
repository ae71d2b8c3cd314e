//! An HTTP server that remembers what it saw.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::crypto::aws_lc_rs;
use rustls::server::{NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier};
use rustls::{HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::CertificateDer;
use sealift_network::BoxError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Authority, Validity};

pub(crate) type AnswerBody = UnsyncBoxBody<Bytes, BoxError>;

/// How requests are answered.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// Read the request, say `ok`.
    Ok,
    /// Say `early` at once, reading nothing.
    Early,
    /// Read the request, and never say anything.
    Never,
    /// Read nothing for 5 s, then read, and never say anything.
    Deaf,
    /// A body of this many bytes, of known length.
    Sized(usize),
    /// A body of this many bytes, of unknown length.
    Chunked(usize),
    /// A piece of a body, and then nothing more.
    Stall,
    /// A piece of a body, and then the connection breaks.
    Break,
    /// 407.
    ProxyAuthentication,
}

#[derive(Clone, Copy)]
pub(crate) enum ClientAuth<'a> {
    None,
    Optional(&'a Authority),
    Required(&'a Authority),
}

#[derive(Clone, Copy, Default)]
pub(crate) enum Protocols {
    #[default]
    Http1,
    Http2AndHttp1,
}

pub(crate) struct ServerSettings<'a> {
    pub(crate) names: &'a [&'a str],
    pub(crate) validity: Validity,
    pub(crate) client_auth: ClientAuth<'a>,
    pub(crate) protocols: Protocols,
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
}

impl Default for ServerSettings<'_> {
    fn default() -> Self {
        Self {
            names: &["localhost", "127.0.0.1"],
            validity: Validity::Now,
            client_auth: ClientAuth::None,
            protocols: Protocols::Http1,
            versions: rustls::ALL_VERSIONS,
        }
    }
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) head: Request<()>,
    pub(crate) certificate: Option<CertificateDer<'static>>,
    pub(crate) handshake: Option<HandshakeKind>,
}

#[derive(Default)]
struct Log {
    connections: AtomicUsize,
    open: AtomicUsize,
    seen: Mutex<Vec<Seen>>,
}

/// A running server. It ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: Arc<Log>,
    answer: Arc<Mutex<Answer>>,
}

impl Server {
    /// A server with a certificate for `localhost` and `127.0.0.1`.
    pub(crate) async fn tls(authority: &Authority, answer: Answer) -> Self {
        Self::with(authority, answer, ServerSettings::default()).await
    }

    pub(crate) async fn with(
        authority: &Authority,
        answer: Answer,
        settings: ServerSettings<'_>,
    ) -> Self {
        Self::start(
            answer,
            Some(TlsAcceptor::from(Arc::new(tls_config(
                authority, &settings,
            )))),
        )
        .await
    }

    pub(crate) async fn plain(answer: Answer) -> Self {
        Self::start(answer, None).await
    }

    async fn start(answer: Answer, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            log: Arc::default(),
            answer: Arc::new(Mutex::new(answer)),
        };
        let (log, answer) = (Arc::clone(&server.log), Arc::clone(&server.answer));
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let number = log.connections.fetch_add(1, Ordering::Relaxed) + 1;
                let (log, answer, tls) = (Arc::clone(&log), Arc::clone(&answer), tls.clone());
                tokio::spawn(async move {
                    log.open.fetch_add(1, Ordering::Relaxed);
                    serve(socket, tls, number, &log, &answer).await;
                    log.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        server
    }

    /// `https://localhost:PORT/path`.
    pub(crate) fn https(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// `http://localhost:PORT/path`.
    pub(crate) fn http(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.log.connections.load(Ordering::Relaxed)
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.log.open.load(Ordering::Relaxed)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.seen.lock().unwrap().clone()
    }
}

fn tls_config(authority: &Authority, settings: &ServerSettings<'_>) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = |authority: &Authority| {
        let mut roots = RootCertStore::empty();
        roots.add(authority.root()).unwrap();
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
    };
    let verifier: Arc<dyn ClientCertVerifier> = match settings.client_auth {
        ClientAuth::None => Arc::new(NoClientAuth),
        ClientAuth::Optional(authority) => {
            verifier(authority).allow_unauthenticated().build().unwrap()
        }
        ClientAuth::Required(authority) => verifier(authority).build().unwrap(),
    };
    let (certificate, key) = authority.issue(settings.names, settings.validity);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(settings.versions)
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = match settings.protocols {
        Protocols::Http1 => vec![b"http/1.1".to_vec()],
        Protocols::Http2AndHttp1 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    config
}

async fn serve(
    socket: TcpStream,
    tls: Option<TlsAcceptor>,
    number: usize,
    log: &Arc<Log>,
    answer: &Arc<Mutex<Answer>>,
) {
    let Some(tls) = tls else {
        return serve_http(socket, number, None, None, log, answer).await;
    };
    if let Ok(stream) = tls.accept(socket).await {
        let session = stream.get_ref().1;
        let certificate = session
            .peer_certificates()
            .map(|chain| chain[0].clone().into_owned());
        let handshake = session.handshake_kind();
        serve_http(stream, number, certificate, handshake, log, answer).await;
    }
}

async fn serve_http<S>(
    stream: S,
    connection: usize,
    certificate: Option<CertificateDer<'static>>,
    handshake: Option<HandshakeKind>,
    log: &Arc<Log>,
    answer: &Arc<Mutex<Answer>>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (head, body) = request.into_parts();
        let answer = *answer.lock().unwrap();
        let seen = Seen {
            connection,
            head: Request::from_parts(head, ()),
            certificate: certificate.clone(),
            handshake,
        };
        log.seen.lock().unwrap().push(seen);
        async move { Ok::<_, Infallible>(respond(answer, body).await) }
    });
    // How a connection ends is the client's business, and what the tests look at.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(answer: Answer, body: Incoming) -> Response<AnswerBody> {
    if let Answer::Deaf = answer {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    if !matches!(answer, Answer::Early) && drain(body).await.is_err() {
        return Response::new(whole("to nobody"));
    }
    match answer {
        Answer::Ok => Response::new(whole("ok")),
        Answer::Early => Response::builder()
            .status(403)
            .body(whole("early"))
            .unwrap(),
        Answer::Never | Answer::Deaf => std::future::pending().await,
        Answer::Sized(length) => Response::new(whole(vec![b'y'; length])),
        Answer::Chunked(length) => Response::new(in_pieces(length, After::End)),
        Answer::Stall => Response::new(in_pieces(1000, After::Silence)),
        Answer::Break => Response::new(in_pieces(1000, After::Error)),
        Answer::ProxyAuthentication => Response::builder().status(407).body(whole("who?")).unwrap(),
    }
}

async fn drain(mut body: Incoming) -> Result<(), hyper::Error> {
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

fn whole(bytes: impl Into<Bytes>) -> AnswerBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// What follows the pieces.
#[derive(Clone, Copy)]
enum After {
    End,
    Silence,
    Error,
}

fn in_pieces(length: usize, after: After) -> AnswerBody {
    let (mut sender, body) = http_body_util::channel::Channel::<Bytes, BoxError>::new(1);
    tokio::spawn(async move {
        for piece in vec![b'y'; length].chunks(1000) {
            if sender
                .send_data(Bytes::copy_from_slice(piece))
                .await
                .is_err()
            {
                return;
            }
        }
        match after {
            After::End => drop(sender),
            After::Silence => std::future::pending().await,
            After::Error => {
                // Let the piece go out first.
                tokio::time::sleep(Duration::from_millis(50)).await;
                sender.abort("broken".into());
            }
        }
    });
    body.boxed_unsync()
}
