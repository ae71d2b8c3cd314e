//! The server: set up, then run.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;

use sealift_config::{ClientName, LocalSocket, LoopbackAddress, Region, RoleAlias};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::accounts::Allowed;
use crate::desk::{Desk, ImdsDesk, Way, Window};
use crate::imds::Sessions;
use crate::keeper::{Asking, Figures, Keeper};
use crate::listener::{Listener, Socket, heed};
use crate::settings::{Imds, Settings, Tokens};
use crate::socket::{self, SocketFile};
use crate::token_file::TokenFile;
use crate::{Audit, Clock, CredentialSource, EndpointEnvironment, Error, Metrics, Status};

/// What the server needs from the rest of the service.
#[derive(Clone)]
pub struct Parts {
    /// Where credentials come from.
    pub source: Arc<dyn CredentialSource>,
    /// The time that they end by.
    pub clock: Arc<dyn Clock>,
    /// How the service is.
    pub status: Arc<dyn Status>,
    /// Where it is recorded to whom credentials were handed out.
    pub audit: Arc<dyn Audit>,
    /// What `/metrics` shows.
    pub metrics: Metrics,
}

/// A server that listens already and answers when it is run.
pub struct Server {
    listeners: Vec<Listener>,
    keepers: Vec<Keeper>,
    addresses: Addresses,
    control: Control,
    environments: BTreeMap<ClientName, EndpointEnvironment>,
    /// Removed, some of them, when the server has ended.
    files: (Vec<TokenFile>, Option<SocketFile>),
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addresses {
    /// Credentials; metrics and health too, unless they have an address of their own.
    pub credentials: SocketAddr,
    /// Metrics and health.
    pub metrics: SocketAddr,
    /// The emulated instance metadata service.
    pub imds: Option<SocketAddr>,
    /// The UNIX socket.
    pub socket: Option<PathBuf>,
}

/// Tells a running server what has changed.
#[derive(Clone, Debug)]
pub struct Control(watch::Sender<()>);

impl Control {
    /// Forgets all credentials, and failures to fetch them: the configuration or the device's identity is
    /// another. Fetches that are under way are dropped; whoever waits for them gets what is fetched anew.
    pub fn clear_credentials(&self) {
        self.0.send_replace(());
    }
}

impl Server {
    /// Listens where the settings say, and makes the tokens that are missing. Within a tokio runtime with IO
    /// and time. Blocks for as long as the files take.
    pub fn bind(settings: Settings, parts: Parts) -> Result<Self, Error> {
        let (programs, address) = tcp(settings.listen, "service.listen")?;
        let observers = settings
            .metrics_listen
            .map(|listen| tcp(listen, "service.metrics_listen"))
            .transpose()?;
        let imds = settings.imds.map(listen_as_imds).transpose()?;
        let unix = settings.socket.as_ref().map(listen_on_file).transpose()?;

        let mut setup = Setup::new(settings.tokens, settings.region, parts, address);
        let default = setup.window(ClientName::default_client(), None)?;
        let mut others = BTreeMap::new();
        for (name, client) in settings.clients {
            if name.as_str() != ClientName::DEFAULT {
                let window = setup.window(name.clone(), client.role_alias)?;
                others.insert(name, window);
            }
        }

        let addresses = Addresses {
            credentials: address,
            metrics: observers.as_ref().map_or(address, |(_, address)| *address),
            imds: imds.as_ref().map(|(_, address, _)| *address),
            socket: unix.as_ref().map(|(_, file)| file.path().to_owned()),
        };
        let observed = observers.is_none();
        let mut sockets = vec![Socket::Tcp(programs, Way::Programs { observed })];
        sockets.extend(observers.map(|(listener, _)| Socket::Tcp(listener, Way::Observers)));
        let imds = imds.map(|(listener, _, imds)| {
            sockets.push(Socket::Tcp(listener, Way::Imds));
            imds
        });
        let (unix, socket_file) = unix.unzip();
        sockets.extend(unix);
        let server = setup.finish(sockets, (default, others, imds), addresses, socket_file);
        Ok(server)
    }

    /// Where it listens: what to print, with the ports that the system chose.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Tells the server, also while it runs, what has changed.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// What the environment of a program that is this client has to say; none if there is no such client.
    /// Client `default` always exists. The token's file goes with an ephemeral server.
    pub fn environment(&self, client: &ClientName) -> Option<&EndpointEnvironment> {
        self.environments.get(client)
    }

    /// Answers until `shutdown` is ready, and then for up to three seconds those whose requests are under
    /// way.
    ///
    /// # Panics
    /// If a trait of [`Parts`] does.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = watch::channel(false);
        let mut keepers: JoinSet<()> = self.keepers.into_iter().map(Keeper::run).collect();
        let mut listeners: JoinSet<()> = self
            .listeners
            .into_iter()
            .map(|listener| listener.run(stopped.clone()))
            .collect();
        // Neither ends by itself while this one holds what tells them to.
        tokio::select! {
            () = shutdown => {}
            Some(ended) = keepers.join_next() => heed(ended),
            Some(ended) = listeners.join_next() => heed(ended),
        }
        stop.send_replace(true);
        while let Some(ended) = listeners.join_next().await {
            heed(ended);
        }
        drop((self.control, self.files));
    }
}

/// A server that is being set up.
struct Setup {
    tokens: Tokens,
    region: Option<Region>,
    parts: Parts,
    address: SocketAddr,
    control: Control,
    asking: BTreeMap<Option<RoleAlias>, Asking>,
    keepers: Vec<Keeper>,
    files: Vec<TokenFile>,
    environments: BTreeMap<ClientName, EndpointEnvironment>,
}

impl Setup {
    fn new(tokens: Tokens, region: Option<Region>, parts: Parts, address: SocketAddr) -> Self {
        Self {
            tokens,
            region,
            parts,
            address,
            control: Control(watch::Sender::new(())),
            asking: BTreeMap::new(),
            keepers: Vec::new(),
            files: Vec::new(),
            environments: BTreeMap::new(),
        }
    }

    fn window(&mut self, client: ClientName, role: Option<RoleAlias>) -> Result<Window, Error> {
        let (token, file) = match &self.tokens {
            Tokens::Kept(directory) => TokenFile::kept(directory, &client)?,
            Tokens::Passing(directory) => TokenFile::passing(directory)?,
        };
        let path = match client.as_str() {
            ClientName::DEFAULT => "/credentials".to_owned(),
            name => format!("/credentials/{name}"),
        };
        let environment = EndpointEnvironment::new(
            self.address,
            &path,
            file.path().to_owned(),
            self.region.clone(),
        );
        self.environments.insert(client.clone(), environment);
        self.files.push(file);
        Ok(Window {
            asking: self.asking(role.as_ref())?,
            handed_out: self.parts.metrics.counter(
                "sealift_credentials_handed_out_total",
                "Credentials handed out to local programs; those of the socket and of IMDS count for client default.",
                &[("client", client.as_str())],
            )?,
            client,
            token,
            role,
        })
    }

    /// Clients of the same role share its credentials.
    fn asking(&mut self, role: Option<&RoleAlias>) -> Result<Asking, Error> {
        let key = role.cloned();
        if let Some(asking) = self.asking.get(&key) {
            return Ok(asking.clone());
        }
        let (keeper, asking) = Keeper::new(
            key.clone(),
            Arc::clone(&self.parts.source),
            Arc::clone(&self.parts.clock),
            Figures::register(&self.parts.metrics, role)?,
            self.control.0.subscribe(),
        );
        self.keepers.push(keeper);
        self.asking.insert(key, asking.clone());
        Ok(asking)
    }

    fn finish(
        self,
        sockets: Vec<Socket>,
        (default, others, imds): (Window, BTreeMap<ClientName, Window>, Option<ImdsDesk>),
        addresses: Addresses,
        socket_file: Option<SocketFile>,
    ) -> Server {
        let desk = Arc::new(Desk {
            default,
            others,
            imds,
            region: self.region,
            audit: self.parts.audit,
            status: self.parts.status,
            clock: self.parts.clock,
            metrics: self.parts.metrics,
        });
        let listener = |socket| Listener::new(socket, Arc::clone(&desk));
        Server {
            listeners: sockets.into_iter().map(listener).collect(),
            keepers: self.keepers,
            addresses,
            control: self.control,
            environments: self.environments,
            files: (self.files, socket_file),
        }
    }
}

fn listen_as_imds(imds: Imds) -> Result<(TcpListener, SocketAddr, ImdsDesk), Error> {
    let (listener, address) = tcp(imds.listen, "service.imds_listen")?;
    let desk = ImdsDesk {
        role: imds.role,
        sessions: Sessions::new()?,
    };
    Ok((listener, address, desk))
}

fn listen_on_file(socket: &LocalSocket) -> Result<(Socket, SocketFile), Error> {
    let allowed = Allowed::look_up(&socket.users, &socket.groups)?;
    let (listener, file) = socket::listen(&socket.path, &allowed)?;
    Ok((Socket::Unix(listener, allowed), file))
}

fn tcp(address: LoopbackAddress, key: &'static str) -> Result<(TcpListener, SocketAddr), Error> {
    let listen = || {
        let listener = StdListener::bind(address.socket_address())?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listen().map_err(|source| Error::Listen {
        address,
        key,
        source,
    })
}
