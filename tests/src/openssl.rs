//! OpenSSL's program: a second opinion on what we make, and a server of its own.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use localcloud::{ROLE_ALIAS, Validity};
use tokens::Daemon;

use crate::Cloud;
use crate::store::CREDENTIALS;
use crate::{soon, until};

/// Runs `openssl`, gives it this input, and answers what it printed.
#[track_caller]
pub fn openssl(arguments: &[&str], input: &str) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl: {said}");
    output.stdout
}

/// `openssl s_server` as credentials provider, which demands a certificate of a cloud's authority.
pub struct TlsServer {
    server: Daemon,
    address: SocketAddr,
    /// How much of its trace was read.
    read: usize,
}

impl TlsServer {
    /// A server with these options, such as `-tls1_2`.
    pub fn start(cloud: &Cloud, name: &str, options: &[&str]) -> Self {
        let issued = cloud
            .authority()
            .issue_server(["127.0.0.1"], Validity::default())
            .unwrap();
        // What is asked for is a path below the directory that it runs in.
        let file = format!("{name}/role-aliases/{ROLE_ALIAS}/credentials");
        let length = CREDENTIALS.len();
        cloud.file(
            &file,
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{CREDENTIALS}"),
        );
        // Line by line, so that nothing of a trace is held back.
        let mut command = Command::new("stdbuf");
        command.args(["-oL", "openssl", "s_server"]);
        command.args(["-accept", "127.0.0.1:0", "-HTTP", "-trace"]);
        command.args(["-Verify", "2", "-verify_return_error"]);
        command.arg("-CAfile").arg(&cloud.paths().ca);
        command
            .arg("-cert")
            .arg(cloud.file(&format!("{name}.crt"), issued.certificate_pem()));
        command
            .arg("-key")
            .arg(cloud.file(&format!("{name}.pkey"), issued.key_pem()));
        command.args(options).current_dir(cloud.path(name));
        let log = cloud.path(&format!("{name}.log"));
        let mut server = Daemon::start(&mut command, &log).unwrap();
        let accepts = || fs::read_to_string(&log).is_ok_and(|log| address(&log).is_some());
        server.wait_until(accepts).unwrap();
        let address = address(&server.said()).unwrap();
        Self {
            server,
            address,
            read: 0,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has traced of the next connection, to its end.
    #[track_caller]
    pub fn trace(&mut self) -> String {
        let mut said = String::new();
        until("openssl has traced a connection", soon(), || {
            said = self.server.said();
            said[self.read..].contains("description=close notify")
        });
        let new = said[self.read..].to_owned();
        self.read = said.len();
        new
    }
}

/// It says `ACCEPT 127.0.0.1:PORT` when it is ready.
fn address(log: &str) -> Option<SocketAddr> {
    let accepts = log.lines().find_map(|line| line.strip_prefix("ACCEPT "));
    accepts?.parse().ok()
}
