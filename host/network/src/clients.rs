//! The pools: one HTTP client for each origin and identity.
//!
//! A client has its connections and TLS sessions to itself, so nothing that was made with an identity is ever
//! used without it, and nothing of an old certificate with a new one. After a failure a client is put aside,
//! so that the next attempt makes a new connection: a path that went stale has kept gateways offline until
//! they were restarted.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use hyper_util::client::legacy;
use hyper_util::rt::TokioTimer;
use sealift_config::Origin;

use crate::connector::{Connector, Route};
use crate::error::NetworkError;
use crate::request_body::WatchedBody;
use crate::tasks::Tasks;
use crate::turns::{Taken, Turns};

/// The most origins (with one identity or none) that are remembered.
const MAX_CLIENTS: usize = 64;

/// How long a connection is kept without a request. Servers close theirs after 5 to 60 s.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// The most that hyper buffers of a connection in each direction, in bytes; also the largest response head.
const HTTP_BUFFER: usize = 256 << 10;

/// The most that a peer may send ahead on an HTTP/2 connection, in bytes.
const H2_WINDOW: u32 = 512 << 10;

/// What connections must have in common to be used for the same requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The generation of the device identity, or `None` for requests without it.
    pub(crate) identity: Option<u64>,
    pub(crate) origin: Origin,
}

/// All pools.
#[derive(Debug)]
pub(crate) struct Clients {
    max_connections: usize,
    pools: Mutex<Pools>,
}

impl Clients {
    pub(crate) fn new(max_connections: usize) -> Self {
        Self {
            max_connections,
            pools: Mutex::default(),
        }
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self, key: Key, urgency: u8) -> Turn {
        let turns = self.with(|pools| pools.pool(&key, self.max_connections).turns.clone());
        Turn {
            key,
            taken: turns.take(urgency).await,
        }
    }

    /// The client of whoever's turn it is.
    pub(crate) fn lease(self: &Arc<Self>, turn: Turn, route: impl FnOnce() -> Route) -> Lease {
        let client = self.with(|pools| {
            let pool = pools.pool(&turn.key, self.max_connections);
            Arc::clone(
                pool.client
                    .get_or_insert_with(|| Arc::new(Client::new(route(), self.max_connections))),
            )
        });
        if turn.taken.beyond {
            client.make_room_beyond();
        }
        Lease {
            client,
            clients: Arc::clone(self),
            turn,
        }
    }

    /// Puts `client` aside, unless another has taken its place already.
    fn retire(&self, key: &Key, client: &Arc<Client>) {
        self.with(|pools| {
            if let Some(pool) = pools.by_key.get_mut(key)
                && pool
                    .client
                    .as_ref()
                    .is_some_and(|current| Arc::ptr_eq(current, client))
            {
                pool.client = None;
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Pools) -> T) -> T {
        // No code that holds the lock can panic half-way through a change.
        act(&mut self.pools.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Debug, Default)]
struct Pools {
    by_key: HashMap<Key, Pool>,
    /// Counts uses, to tell the least recent one.
    clock: u64,
}

#[derive(Debug)]
struct Pool {
    turns: Turns,
    client: Option<Arc<Client>>,
    used: u64,
}

impl Pools {
    fn pool(&mut self, key: &Key, max_connections: usize) -> &mut Pool {
        if !self.by_key.contains_key(key) {
            self.make_room(key);
        }
        self.clock += 1;
        let pool = self.by_key.entry(key.clone()).or_insert_with(|| Pool {
            turns: Turns::new(max_connections),
            client: None,
            used: 0,
        });
        pool.used = self.clock;
        pool
    }

    /// Forgets what a new identity replaces and, if there are too many pools, the one not used for longest.
    /// Requests under way keep their client until they are done.
    fn make_room(&mut self, newcomer: &Key) {
        if newcomer.identity.is_some() {
            self.by_key
                .retain(|key, _| key.identity.is_none() || key.identity == newcomer.identity);
        }
        if self.by_key.len() >= MAX_CLIENTS {
            let oldest = self
                .by_key
                .iter()
                .min_by_key(|(_, pool)| pool.used)
                .map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.by_key.remove(&oldest);
            }
        }
    }
}

/// A client and its connections, which close when the last user of the client is done.
pub(crate) struct Client {
    http: legacy::Client<Connector, WatchedBody>,
    connector: Connector,
    /// Whether there is room for a connection of a request beyond the number.
    beyond: Once,
    _tasks: Tasks,
}

impl Client {
    fn new(route: Route, max_connections: usize) -> Self {
        let tasks = Tasks::default();
        let connector = Connector::new(route, max_connections);
        let http = legacy::Client::builder(tasks.spawner())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(max_connections)
            .http1_writev(true)
            .http1_max_buf_size(HTTP_BUFFER)
            .http2_max_send_buf_size(HTTP_BUFFER)
            .http2_initial_stream_window_size(H2_WINDOW)
            .http2_initial_connection_window_size(H2_WINDOW)
            .build(connector.clone());
        Self {
            http,
            connector,
            beyond: Once::new(),
            _tasks: tasks,
        }
    }

    /// Lets a request beyond the number have a connection: it waits for none of the others to end.
    fn make_room_beyond(&self) {
        self.beyond.call_once(|| self.connector.add_place());
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// The right to have one request to an origin under way. It is given back when this is dropped.
#[derive(Debug)]
pub struct Turn {
    key: Key,
    taken: Taken,
}

impl Turn {
    /// Whether it is for a request like this one.
    pub(crate) fn is_for(&self, key: &Key) -> bool {
        self.key == *key
    }

    /// The origin that it is for.
    pub fn origin(&self) -> &Origin {
        &self.key.origin
    }
}

/// The right to make one request with a client. It holds one of the origin's turns, and keeps the client's
/// connections alive.
#[derive(Debug)]
pub(crate) struct Lease {
    client: Arc<Client>,
    clients: Arc<Clients>,
    turn: Turn,
}

impl Lease {
    pub(crate) fn origin(&self) -> &Origin {
        &self.turn.key.origin
    }

    pub(crate) fn http(&self) -> &legacy::Client<Connector, WatchedBody> {
        &self.client.http
    }

    /// Ends the lease after a failure.
    pub(crate) fn settle(self, error: &NetworkError) {
        if error.taints_connections() {
            tracing::debug!(origin = %self.origin(), "connections put aside after a failure");
            self.clients.retire(&self.turn.key, &self.client);
        }
    }
}
