//! Answers requests: who may have what.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use sealift_config::{ClientName, Region, RoleAlias};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::answer::{self, Answer, Refused};
use crate::imds::{Sessions, Topic, Ttl};
use crate::keeper::Asking;
use crate::token::Token;
use crate::{
    Audit, Clock, Counter, Credentials, FetchError, Handout, Metrics, Recipient, Status, guard,
    metrics,
};

/// Everything that answers are made of.
pub(crate) struct Desk {
    pub(crate) default: Window,
    pub(crate) others: BTreeMap<ClientName, Window>,
    pub(crate) imds: Option<ImdsDesk>,
    pub(crate) region: Option<Region>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) status: Arc<dyn Status>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
}

/// Where one client is served.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) client: ClientName,
    pub(crate) token: Token,
    pub(crate) role: Option<RoleAlias>,
    pub(crate) asking: Asking,
    pub(crate) handed_out: Counter,
}

/// What the emulated instance metadata service knows.
#[derive(Debug)]
pub(crate) struct ImdsDesk {
    pub(crate) role: String,
    pub(crate) sessions: Sessions,
}

/// Which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The address for local programs; `observed` if it is also that for metrics and health.
    Programs { observed: bool },
    /// The address for metrics and health alone.
    Observers,
    /// The UNIX socket, from a user who may use it.
    Socket { uid: u32 },
    /// The UNIX socket, from anybody else.
    Stranger { uid: u32 },
    /// The address of the emulated instance metadata service.
    Imds,
}

const SESSION: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const SESSION_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

impl Desk {
    /// The answer to a request.
    pub(crate) async fn answer(&self, way: Way, parts: &Parts, has_body: bool) -> Answer {
        match self.serve(way, parts, has_body).await {
            Ok(answer) => answer,
            Err(refused) => {
                self.count(&refused);
                refused.answer()
            }
        }
    }

    async fn serve(&self, way: Way, parts: &Parts, has_body: bool) -> Result<Answer, Refused> {
        guard::check(parts, has_body)?;
        match way {
            Way::Stranger { uid } => Err(stranger(uid)),
            Way::Imds => self.imds(parts).await,
            Way::Observers => self.observe(parts),
            Way::Programs { observed: true } if !parts.uri.path().starts_with(CREDENTIALS) => {
                self.observe(parts)
            }
            Way::Programs { .. } => {
                get_only(parts)?;
                let window = self.window(parts.uri.path())?;
                window.admit(parts)?;
                let recipient = Recipient::Client(window.client.clone());
                self.credentials(window, recipient).await
            }
            Way::Socket { uid } => {
                get_only(parts)?;
                if parts.uri.path() != CREDENTIALS {
                    return Err(not_found("on this socket there is only /credentials"));
                }
                let recipient = Recipient::User { uid };
                self.credentials(&self.default, recipient).await
            }
        }
    }

    /// `/credentials`, or `/credentials/NAME`.
    fn window(&self, path: &str) -> Result<&Window, Refused> {
        let Some(rest) = path.strip_prefix(CREDENTIALS) else {
            return Err(not_found("there is /credentials and /credentials/NAME"));
        };
        match rest.strip_prefix('/') {
            None if rest.is_empty() => Ok(&self.default),
            Some(ClientName::DEFAULT) => Ok(&self.default),
            Some(name) => name
                .parse()
                .ok()
                .and_then(|name: ClientName| self.others.get(&name))
                .ok_or_else(|| {
                    not_found(
                        "there is no such client; [clients.NAME] in the configuration makes one",
                    )
                }),
            None => Err(not_found("there is /credentials and /credentials/NAME")),
        }
    }

    async fn credentials(&self, window: &Window, recipient: Recipient) -> Result<Answer, Refused> {
        let credentials = self.hand_out(window, recipient).await?;
        Ok(answer::json(&ContainerCredentials {
            access_key_id: &credentials.access_key_id,
            secret_access_key: &credentials.secret_access_key,
            token: &credentials.session_token,
            expiration: rfc3339(credentials.expiration)?,
        }))
    }

    fn observe(&self, parts: &Parts) -> Result<Answer, Refused> {
        get_only(parts)?;
        match parts.uri.path() {
            "/metrics" => {
                let text = self.metrics.text();
                Ok(answer::whole(metrics::CONTENT_TYPE, text.into()))
            }
            "/healthz" => Ok(told(self.status.healthy())),
            "/readyz" => Ok(told(self.status.ready())),
            _ => Err(not_found("there is /metrics, /healthz and /readyz")),
        }
    }

    async fn imds(&self, parts: &Parts) -> Result<Answer, Refused> {
        let (Some(imds), Some(topic)) = (&self.imds, Topic::of(parts.uri.path())) else {
            return Err(not_found(
                "of the instance metadata there are credentials and the region",
            ));
        };
        if topic == Topic::Token {
            return imds.open(parts);
        }
        get_only(parts)?;
        let shown = parts.headers.get(&SESSION);
        if !shown.is_some_and(|token| imds.sessions.is_open(token.as_bytes())) {
            return Err(Refused::new(
                StatusCode::UNAUTHORIZED,
                "NoSession",
                format!(
                    "the field {SESSION} has no token of a session; PUT /latest/api/token gives one"
                ),
            ));
        }
        match topic {
            Topic::Roles => Ok(answer::text(imds.role.clone())),
            Topic::Region => match &self.region {
                Some(region) => Ok(answer::text(region.as_str())),
                None => Err(not_found("the configuration does not tell the region")),
            },
            Topic::Credentials(role) if role == imds.role => {
                let credentials = self.hand_out(&self.default, Recipient::Imds).await?;
                self.imds_credentials(&credentials)
            }
            Topic::Credentials(_) | Topic::Token => Err(not_found("there is no such role")),
        }
    }

    fn imds_credentials(&self, credentials: &Credentials) -> Result<Answer, Refused> {
        Ok(answer::json(&ImdsCredentials {
            code: "Success",
            last_updated: rfc3339(self.clock.wall())?,
            kind: "AWS-HMAC",
            access_key_id: &credentials.access_key_id,
            secret_access_key: &credentials.secret_access_key,
            token: &credentials.session_token,
            expiration: rfc3339(credentials.expiration)?,
        }))
    }

    /// Credentials, when it is on record that they were handed out.
    async fn hand_out(
        &self,
        window: &Window,
        recipient: Recipient,
    ) -> Result<Arc<Credentials>, Refused> {
        let credentials = window
            .asking
            .credentials()
            .await
            .map_err(|error| unavailable(&error))?;
        let handout = Handout {
            recipient,
            role: window.role.clone(),
            access_key_id: credentials.access_key_id.clone(),
            expiration: credentials.expiration,
        };
        let audit = Arc::clone(&self.audit);
        let recorded = tokio::task::spawn_blocking(move || audit.handed_out(&handout)).await;
        let problem = match recorded {
            Ok(Ok(())) => {
                window.handed_out.increment();
                return Ok(credentials);
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::error!(
            error = problem,
            "credentials are not handed out, since that cannot be recorded"
        );
        Err(Refused::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "AuditUnavailable",
            "the audit log cannot be written, so nothing is handed out; see the log of the service",
        ))
    }

    fn count(&self, refused: &Refused) {
        let counter = self.metrics.counter(
            "sealift_requests_refused_total",
            "Requests of local programs that were refused or failed.",
            &[("code", refused.code)],
        );
        match counter {
            Ok(counter) => counter.increment(),
            Err(error) => tracing::debug!(%error, "a refusal is not counted"),
        }
    }
}

impl Window {
    /// Refuses who does not show the client's token.
    fn admit(&self, parts: &Parts) -> Result<(), Refused> {
        let mut shown = parts.headers.get_all(AUTHORIZATION).iter();
        match (shown.next(), shown.next()) {
            (Some(token), None) if self.token.is(token.as_bytes()) => Ok(()),
            (None, _) => Err(Refused::new(
                StatusCode::FORBIDDEN,
                "TokenMissing",
                format!(
                    "the field authorization must have the token of client {0}; set \
                     AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE to the path of {0}.token in the state directory",
                    self.client
                ),
            )),
            _ => Err(Refused::new(
                StatusCode::FORBIDDEN,
                "TokenWrong",
                format!(
                    "the field authorization does not have the token of client {}",
                    self.client
                ),
            )),
        }
    }
}

impl ImdsDesk {
    fn open(&self, parts: &Parts) -> Result<Answer, Refused> {
        if parts.method != Method::PUT {
            return Err(Refused::method("PUT"));
        }
        let ttl = parts.headers.get(&SESSION_TTL).map(HeaderValue::as_bytes);
        let Some(ttl) = ttl.and_then(Ttl::parse) else {
            return Err(Refused::new(
                StatusCode::BAD_REQUEST,
                "BadTtl",
                format!("the field {SESSION_TTL} must be a number of seconds from 1 to 21600"),
            ));
        };
        let token = self.sessions.open(ttl).map_err(|error| {
            Refused::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal",
                error.to_string(),
            )
        })?;
        let mut answer = answer::text(token);
        if let Some(ttl) = parts.headers.get(&SESSION_TTL) {
            answer.headers_mut().insert(SESSION_TTL, ttl.clone());
        }
        Ok(answer)
    }
}

const CREDENTIALS: &str = "/credentials";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerCredentials<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ImdsCredentials<'a> {
    code: &'static str,
    last_updated: String,
    #[serde(rename = "Type")]
    kind: &'static str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: String,
}

/// In whole seconds, rounded down: some SDKs read no fractions.
fn rfc3339(time: std::time::SystemTime) -> Result<String, Refused> {
    let time = OffsetDateTime::from(time);
    let time = time - time::Duration::nanoseconds(time.nanosecond().into());
    time.format(&Rfc3339).map_err(|error| {
        let message = format!("the end of the credentials is no date: {error}");
        Refused::new(StatusCode::BAD_GATEWAY, "CredentialsUnavailable", message)
    })
}

/// SDKs try again after 5xx and 429, and give up after any other 4xx.
fn unavailable(error: &FetchError) -> Refused {
    let status = error
        .status
        .and_then(|status| StatusCode::from_u16(status).ok());
    let (fits, otherwise, code): (fn(StatusCode) -> bool, _, _) = if error.retryable {
        let fits = |status: StatusCode| {
            status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
        };
        (
            fits,
            StatusCode::SERVICE_UNAVAILABLE,
            "CredentialsUnavailable",
        )
    } else {
        let fits = |status| {
            matches!(
                status,
                StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
            )
        };
        (fits, StatusCode::BAD_REQUEST, "CredentialsRefused")
    };
    let status = status.filter(|status| fits(*status)).unwrap_or(otherwise);
    Refused::new(status, code, error.message.clone())
}

fn stranger(uid: u32) -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "UserNotAllowed",
        format!(
            "user {uid} may not use this socket; service.socket_users and service.socket_groups say who may"
        ),
    )
}

fn get_only(parts: &Parts) -> Result<(), Refused> {
    if parts.method == Method::GET {
        return Ok(());
    }
    Err(Refused::method("GET"))
}

fn not_found(message: &str) -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "NotFound", message)
}

fn told(outcome: Result<(), String>) -> Answer {
    match outcome {
        Ok(()) => answer::text("ok\n"),
        Err(reason) => {
            let mut answer = answer::text(format!("{reason}\n"));
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            answer
        }
    }
}
