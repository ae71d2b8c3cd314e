//! Processor time of the service without a link, with files that wait.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use anyhow::Result;

use super::Effort;
use crate::peers::Peers;
use crate::service::Service;
use crate::stage::BUCKET;
use crate::table::{Check, Row, time};

/// Of the time, in per cent.
const LIMIT: f64 = 0.1;

/// Files that wait.
const WAITING: usize = 100;

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let silence = silent.local_addr()?;
    let links = [
        ("refused", start(peers, "refused", nobody()?)?),
        ("unanswered", start(peers, "unanswered", silence)?),
    ];
    for (_, service) in &links {
        service.ready()?;
    }
    let before = links.iter().map(|(_, service)| service.cpu());
    let before = before.collect::<Result<Vec<_>>>()?;
    thread::sleep(effort.offline);
    let (mut figures, mut checks) = (Vec::new(), Vec::new());
    for ((what, service), before) in links.into_iter().zip(before) {
        let used = service.cpu()?.saturating_sub(before);
        figures.push(format!("{what} {}", time(used)));
        checks.push(Check::per_cent(used, LIMIT, effort.offline, what));
        service.stop()?;
    }
    Ok(Row {
        id: "Offline",
        work: format!(
            "service without a link, {WAITING} files waiting: processor time in {}",
            time(effort.offline)
        ),
        figures,
        checks,
    })
}

/// A service whose endpoints are there, and whose files wait in a folder.
fn start(peers: &Peers<'_>, name: &str, there: SocketAddr) -> Result<Service> {
    let name = format!("offline-{name}");
    let stage = peers.stage;
    stage.clear(&format!("{name}.state"))?;
    let watched = stage.folder(&format!("waiting-{WAITING}"), WAITING, super::SMALL)?;
    let rule = format!(
        "drain = \"1s\"\n[[watch]]\npath = \"{}\"\ndestination = \"s3://{BUCKET}/offline/\"",
        watched.display()
    );
    let config = stage.towards(there).configure_service(&name, &rule)?;
    Service::start(peers, &config)
}

/// An address at which nobody listens.
fn nobody() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
