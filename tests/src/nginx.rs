//! nginx as credentials provider, which demands a certificate of a cloud's authority.

use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use localcloud::{ROLE_ALIAS, Validity};
use rustix::io::FdFlags;
use tokens::Daemon;

use crate::Cloud;
use crate::store::CREDENTIALS;

/// The versions of TLS, each with a listener that speaks nothing else.
const VERSIONS: [&str; 2] = ["TLSv1.2", "TLSv1.3"];

/// A running nginx. It ends with the value.
pub struct Nginx {
    _running: Daemon,
    addresses: [SocketAddr; 2],
    log: PathBuf,
}

impl Nginx {
    /// An nginx for the devices of `cloud`.
    pub fn start(cloud: &Cloud) -> Self {
        let issued = cloud
            .authority()
            .issue_server(["127.0.0.1"], Validity::default())
            .unwrap();
        cloud.file("nginx/server.crt", issued.certificate_pem());
        cloud.file("nginx/server.key", issued.key_pem());
        let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let addresses = [0, 1].map(|which: usize| listeners[which].local_addr().unwrap());
        let configuration = cloud.file("nginx/nginx.conf", configuration(cloud, addresses));
        let nginx = run(&configuration, &listeners, &cloud.path("nginx/said"));
        Self {
            _running: nginx,
            addresses,
            log: cloud.path("nginx/access.log"),
        }
    }

    /// Where it listens: the version of TLS that it speaks there, and the address.
    pub fn listeners(&self) -> [(&'static str, SocketAddr); 2] {
        [0, 1].map(|which| (VERSIONS[which], self.addresses[which]))
    }

    /// What it saw of each request: whether it verified the client, the version of TLS, the client's
    /// subject, and its own answer's status.
    pub fn seen(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

/// Runs nginx with sockets that are bound already, which it takes over as it does when it replaces itself: so no port
/// is free for a moment. Whoever connects before it is up waits in the sockets' queues.
pub(crate) fn run(configuration: &Path, listeners: &[TcpListener], said: &Path) -> Daemon {
    let mut inherited = String::new();
    for listener in listeners {
        rustix::io::fcntl_setfd(listener, FdFlags::empty()).unwrap();
        write!(inherited, "{};", listener.as_raw_fd()).unwrap();
    }
    let mut command = Command::new("nginx");
    command.args(["-e", "stderr", "-c"]).arg(configuration);
    command.env("NGINX", inherited);
    Daemon::start(&mut command, said).unwrap()
}

fn configuration(cloud: &Cloud, addresses: [SocketAddr; 2]) -> String {
    let (here, ca) = (cloud.path("nginx"), &cloud.paths().ca);
    let (here, ca) = (here.display(), ca.display());
    let servers = VERSIONS
        .into_iter()
        .zip(addresses)
        .map(|(version, address)| {
            format!(
                "server {{
                    listen {address} ssl;
                    ssl_protocols {version};
                    location = /role-aliases/{ROLE_ALIAS}/credentials {{ return 200 '{CREDENTIALS}'; }}
                }}"
            )
        });
    let servers = servers.collect::<Vec<_>>().join("\n");
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|of| format!("{of}_temp_path {here}/{of};"))
        .join("\n");
    format!(
        "daemon off;
         worker_processes 1;
         pid {here}/pid;
         error_log stderr info;
         events {{ worker_connections 64; }}
         http {{
             log_format seen '$ssl_client_verify $ssl_protocol $ssl_client_s_dn $status';
             access_log {here}/access.log seen;
             {places}
             default_type application/json;
             ssl_certificate {here}/server.crt;
             ssl_certificate_key {here}/server.key;
             ssl_client_certificate {ca};
             ssl_verify_client on;
             {servers}
         }}\n"
    )
}
