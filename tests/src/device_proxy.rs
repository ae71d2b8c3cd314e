//! nginx as the example for the wasmtime CLI has it: it makes the handshakes with the device's certificate.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use localcloud::ROLE_ALIAS;
use tokens::Daemon;

use crate::{Cloud, nginx};

/// A running proxy. It ends with the value.
pub struct DeviceProxy {
    _running: Daemon,
    credentials: SocketAddr,
    store: SocketAddr,
}

impl DeviceProxy {
    /// A proxy for the device of `cloud`, with the configuration of the example.
    pub fn start(cloud: &Cloud) -> Self {
        let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let [credentials, store] =
            [0, 1].map(|which: usize| listeners[which].local_addr().unwrap());
        let configuration = configuration(cloud, credentials, store);
        let configuration = cloud.file("proxy/nginx.conf", configuration);
        let running = nginx::run(&configuration, &listeners, &cloud.path("proxy/said"));
        Self {
            _running: running,
            credentials,
            store,
        }
    }

    /// Where the credentials provider is without TLS.
    pub fn credentials(&self) -> String {
        format!("http://{}", self.credentials)
    }

    /// Where the store is without TLS.
    pub fn store(&self) -> String {
        format!("http://{}", self.store)
    }
}

fn configuration(cloud: &Cloud, credentials: SocketAddr, store: SocketAddr) -> String {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/wasmtime/nginx.conf");
    let paths = cloud.paths();
    let endpoint = cloud.credentials_endpoint();
    let values = [
        ("work", cloud.path("proxy").display().to_string()),
        ("ca", paths.ca.display().to_string()),
        ("certificate", paths.certificate.display().to_string()),
        ("key", paths.key.display().to_string()),
        ("role_alias", ROLE_ALIAS.to_owned()),
        // The endpoints are addresses; nginx looks for names alone in certificates.
        ("credentials_name", "localhost".to_owned()),
        ("store_name", "localhost".to_owned()),
        ("credentials_endpoint", endpoint.to_owned()),
        ("credentials_port", credentials.port().to_string()),
        ("store", cloud.s3_endpoint().to_owned()),
        ("store_port", store.port().to_string()),
    ];
    let example = fs::read_to_string(example).unwrap();
    values.into_iter().fold(example, |text, (name, value)| {
        text.replace(&format!("@{name}@"), &value)
    })
}
