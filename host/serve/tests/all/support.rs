//! A server with a source that makes credentials up, and a client that sends any bytes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sealift_config::{ClientName, Config, Environment, RoleAlias};
use sealift_serve::{
    Addresses, Audit, AuditError, Clock, Control, CredentialSource, Credentials,
    EndpointEnvironment, Error, FetchError, Handout, Metrics, Parts, Server, Settings, Status,
};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub(crate) const SECRET: &str = "hunter2";
pub(crate) const SESSION_TOKEN: &str = "hunter3";

/// Whatever a test waits for comes much sooner.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Stage {
    pub(crate) addresses: Addresses,
    pub(crate) control: Control,
    pub(crate) world: Arc<World>,
    pub(crate) metrics: Metrics,
    pub(crate) state: TempDir,
    environments: Vec<(String, EndpointEnvironment)>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

/// All that the server is told by others.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) failure: Mutex<Option<FetchError>>,
    pub(crate) fetches: Mutex<Vec<Option<String>>>,
    pub(crate) audit_is_full: Mutex<bool>,
    pub(crate) handouts: Mutex<Vec<Handout>>,
    pub(crate) unready: Mutex<Option<String>>,
}

impl CredentialSource for World {
    fn fetch<'a>(
        &'a self,
        role: Option<&'a RoleAlias>,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Credentials, FetchError>> {
        async move {
            let role = role.map(ToString::to_string);
            self.fetches.lock().unwrap().push(role.clone());
            if let Some(failure) = self.failure.lock().unwrap().clone() {
                return Err(failure);
            }
            Ok(Credentials {
                access_key_id: format!("ASIA-{}", role.as_deref().unwrap_or("DEFAULT")),
                secret_access_key: SECRET.to_owned().into(),
                session_token: SESSION_TOKEN.to_owned().into(),
                // 2026-01-01T01:00:00.5Z
                expiration: self.wall() + Duration::from_millis(3_600_500),
            })
        }
        .boxed()
    }
}

impl Clock for World {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(490_896)
    }
}

impl Audit for World {
    fn handed_out(&self, handout: &Handout) -> Result<(), AuditError> {
        if *self.audit_is_full.lock().unwrap() {
            return Err(AuditError("no space left".to_owned()));
        }
        self.handouts.lock().unwrap().push(handout.clone());
        Ok(())
    }
}

impl Status for World {
    fn healthy(&self) -> Result<(), String> {
        Ok(())
    }

    fn ready(&self) -> Result<(), String> {
        self.unready.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

pub(crate) fn config(more: &str, state: &Path) -> Config {
    let text = format!(
        r#"
        [device]
        certificate = "device.pem.crt"
        key = "private.pem.key"

        [credentials]
        endpoint = "c0ffee.credentials.iot.eu-central-1.amazonaws.com"
        role_alias = "uploads"

        [service]
        state = "{state}"
        {more}
        "#,
        state = state.display()
    );
    Config::parse(&text, &state.join("sealift.toml"), &Environment::default()).unwrap()
}

const ANY_PORT: &str = "listen = \"127.0.0.1:0\"";

impl Stage {
    /// A server on a port of its own; `more` follows in `[service]`.
    pub(crate) fn new(more: &str) -> Self {
        let state = tempfile::tempdir().unwrap();
        let config = config(&format!("{ANY_PORT}\n{more}"), state.path());
        let settings = Settings::of(&config, &Environment::default()).unwrap();
        Self::with(settings, state).unwrap()
    }

    pub(crate) fn ephemeral() -> Self {
        let state = tempfile::tempdir().unwrap();
        let config = config("", &state.path().join("not-made"));
        let env = Environment::from_iter([("XDG_RUNTIME_DIR", state.path())]);
        Self::with(Settings::ephemeral(&config, &env), state).unwrap()
    }

    pub(crate) fn with(settings: Settings, state: TempDir) -> Result<Self, Error> {
        let world = Arc::new(World::default());
        let metrics = Metrics::default();
        let parts = Parts {
            source: Arc::clone(&world) as _,
            clock: Arc::clone(&world) as _,
            status: Arc::clone(&world) as _,
            audit: Arc::clone(&world) as _,
            metrics: metrics.clone(),
        };
        let server = Server::bind(settings, parts)?;
        let named = |name: &str| {
            let environment = server.environment(&name.parse().unwrap())?;
            Some((name.to_owned(), environment.clone()))
        };
        let environments = [ClientName::DEFAULT, "logger"]
            .into_iter()
            .filter_map(named)
            .collect();
        let (stop, stopped) = oneshot::channel();
        Ok(Self {
            addresses: server.addresses().clone(),
            control: server.control(),
            world,
            metrics,
            state,
            environments,
            stop: Some(stop),
            running: Some(tokio::spawn(server.run(async {
                drop(stopped.await);
            }))),
        })
    }

    /// A variable of a client's environment.
    pub(crate) fn variable(&self, client: &str, name: &str) -> String {
        let (_, environment) = self
            .environments
            .iter()
            .find(|(known, _)| known == client)
            .unwrap();
        let variables = environment.variables();
        let (_, value) = variables.iter().find(|(known, _)| *known == name).unwrap();
        value.to_str().unwrap().to_owned()
    }

    pub(crate) fn token_file(&self, client: &str) -> PathBuf {
        self.variable(client, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
            .into()
    }

    pub(crate) fn token(&self, client: &str) -> String {
        std::fs::read_to_string(self.token_file(client)).unwrap()
    }

    /// Sends `GET path` with these fields to the address for programs.
    pub(crate) async fn get(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let stream = TcpStream::connect(self.addresses.credentials)
            .await
            .unwrap();
        exchange(stream, "GET", path, fields).await
    }

    /// Asks as the client does.
    pub(crate) async fn credentials(&self, client: &str) -> Reply {
        let uri = self.variable(client, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let (_, path) = uri
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        let token = self.token(client);
        let fields = [("host", "127.0.0.1"), ("authorization", token.as_str())];
        self.get(&format!("/{path}"), &fields).await
    }

    pub(crate) fn handouts(&self) -> Vec<Handout> {
        self.world.handouts.lock().unwrap().clone()
    }

    pub(crate) fn fetches(&self) -> usize {
        self.world.fetches.lock().unwrap().len()
    }

    /// Tells the server to stop; ready when it has.
    pub(crate) async fn stop(&mut self) {
        drop(self.stop.take());
        let running = self.running.take().unwrap();
        timeout(DEADLINE, running).await.unwrap().unwrap();
    }
}

/// What a server has answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

/// One request and its answer.
pub(crate) async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Reply {
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in fields {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.push_str("\r\n");
    reply(&send(stream, request.as_bytes()).await)
}

pub(crate) async fn over_tcp(
    address: std::net::SocketAddr,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Reply {
    let stream = TcpStream::connect(address).await.unwrap();
    exchange(stream, method, path, fields).await
}

pub(crate) async fn over_unix(path: &Path, target: &str) -> Reply {
    let stream = UnixStream::connect(path).await.unwrap();
    exchange(stream, "GET", target, &[("host", "localhost")]).await
}

/// Sends these bytes; all that comes back until the connection ends.
pub(crate) async fn send(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
) -> Vec<u8> {
    let mut answer = Vec::new();
    let exchange = async {
        // A server that has heard enough may close before everything is sent.
        drop(stream.write_all(request).await);
        drop(stream.read_to_end(&mut answer).await);
    };
    timeout(DEADLINE, exchange).await.unwrap();
    answer
}

pub(crate) fn reply(answer: &[u8]) -> Reply {
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Reply {
        status: head.get(9..12).unwrap_or("0").parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}
