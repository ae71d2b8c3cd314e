//! `sealift component list`.

use sealift::factory;
use sealift::updates::host_version;
use sealift_release::{Choice, Digest, Standing};
use serde::Serialize;

use super::device::Device;
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// A component, as `--json` tells it.
#[derive(Serialize)]
struct Told {
    /// `a`, `b`, or `factory`.
    slot: String,
    version: String,
    digest: String,
    /// What it is there for: `committed`, `previous`, `downloading`, `verified`, `staged`, `trial`, `rolling-back`, or
    /// `fallback` for the factory's while another one is committed.
    state: &'static str,
}

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let state = Device::of(global)?.state()?;
    let slots = state.listing().into_iter().map(|listed| Told {
        slot: listed.slot.to_string(),
        version: listed.version.to_string(),
        digest: listed.digest.to_string(),
        state: word(listed.state),
    });
    let factory = Told {
        slot: "factory".to_owned(),
        // It came with the host.
        version: host_version().to_string(),
        digest: Digest::of(factory::COMPONENT).to_string(),
        state: match state.settled() {
            Choice::Factory => "committed",
            Choice::Slot { .. } => "fallback",
        },
    };
    let all: Vec<_> = slots.chain([factory]).collect();
    if global.json {
        return all.iter().try_for_each(output::json);
    }
    output::line("SLOT     STATE         VERSION          DIGEST")?;
    all.iter().try_for_each(|told| {
        let Told {
            slot,
            version,
            digest,
            state,
        } = told;
        output::line(&format!("{slot:<8} {state:<13} {version:<16} {digest}"))
    })?;
    if let Some(last) = state.last() {
        output::remark(format_args!(
            "the latest release: {} {}",
            last.version, last.outcome
        ));
    }
    Ok(())
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Committed => "committed",
        Standing::Previous => "previous",
        Standing::Downloading => "downloading",
        Standing::Verified => "verified",
        Standing::Staged => "staged",
        Standing::Trial => "trial",
        Standing::RollingBack => "rolling-back",
    }
}
