//! What goes wrong, and how it is well again.

use std::fmt::{self, Display, Formatter};
use std::mem::{Discriminant, discriminant};

use sealift_tests::{Chance, Link};

use super::gateway::Gateway;

/// Something that goes wrong until it is undone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Disturbance {
    /// The cloud misbehaves.
    Cloud(&'static [&'static str]),
    /// No byte reaches the cloud.
    LinkLoss,
    /// The cloud's clock is another by so many seconds.
    ClockJump(i64),
    /// No byte can be written to the state directory.
    FullDisk,
    /// Nobody has the service end, and it is gone.
    Kill,
    /// The service is told to end.
    Stop,
    /// The service is told to read its configuration again. There is nothing to undo.
    Reload,
    /// Another component is published, perhaps a bad one. There is nothing to undo.
    Release,
}

const HOUR: i64 = 60 * 60;

const ALL: [Disturbance; 30] = [
    Disturbance::Cloud(&["*:status=503,p=0.2", "PutObject:status=503,p=0.4"]),
    Disturbance::Cloud(&[
        "PutObject:status=503,retry-after=1",
        "UploadPart:status=500",
    ]),
    Disturbance::Cloud(&["*:reset=30000,p=0.3", "UploadPart:reset=3MiB,p=0.3"]),
    Disturbance::Cloud(&["*:lost,p=0.4"]),
    Disturbance::Cloud(&["*:late-error=500,p=0.4"]),
    Disturbance::Cloud(&["*:error-in-200,p=0.4"]),
    Disturbance::Cloud(&["*:truncate,p=0.4"]),
    Disturbance::Cloud(&["*:stall=20s,p=0.2", "UploadPart:stall=20s,bytes=1MiB,p=0.3"]),
    Disturbance::Cloud(&["*:slow=300ms,p=0.5"]),
    Disturbance::Cloud(&["*:expired-token,p=0.3"]),
    Disturbance::Cloud(&["*:skew=90000,p=0.3"]),
    Disturbance::Cloud(&[
        "CompleteMultipartUpload:repeat",
        "PutObject:status=409,p=0.5",
    ]),
    Disturbance::Cloud(&["GetCredentials:status=503", "*:expired-token,p=0.1"]),
    Disturbance::LinkLoss,
    Disturbance::ClockJump(-26 * HOUR),
    Disturbance::ClockJump(HOUR / 3),
    Disturbance::ClockJump(31 * 24 * HOUR),
    Disturbance::FullDisk,
    Disturbance::FullDisk,
    Disturbance::Kill,
    Disturbance::Kill,
    Disturbance::Kill,
    Disturbance::Kill,
    Disturbance::Stop,
    Disturbance::Stop,
    Disturbance::Reload,
    Disturbance::Release,
    Disturbance::Release,
    Disturbance::Release,
    Disturbance::Release,
];

impl Disturbance {
    fn begin(self, gateway: &mut Gateway) {
        match self {
            Self::Cloud(faults) => {
                let faults = faults.iter().map(|fault| fault.parse().unwrap());
                gateway.cloud().set_faults(faults.collect());
            }
            Self::LinkLoss => gateway.links().for_each(Link::pull_out),
            Self::ClockJump(seconds) => {
                let offset = seconds.try_into().unwrap();
                gateway.cloud().set_clock_offset(offset);
            }
            Self::FullDisk => gateway.fill_disk(),
            Self::Kill => gateway.kill(),
            Self::Stop => gateway.stop(),
            Self::Reload => gateway.hasten(),
            Self::Release => gateway.publish(),
        }
    }

    fn end(self, gateway: &mut Gateway) {
        match self {
            Self::Cloud(_) => gateway.cloud().set_faults(Vec::new()),
            Self::LinkLoss => gateway.links().for_each(Link::put_back),
            Self::ClockJump(_) => gateway.cloud().set_clock_offset(0.try_into().unwrap()),
            Self::FullDisk => gateway.empty_disk(),
            Self::Kill | Self::Stop => gateway.start_service(),
            Self::Reload | Self::Release => {}
        }
    }

    /// Two of a kind do not go together: whichever ends first would undo both. What ends the service is one.
    fn kind(self) -> Discriminant<Self> {
        match self {
            Self::Stop => discriminant(&Self::Kill),
            other => discriminant(&other),
        }
    }
}

/// What goes wrong at the moment.
#[derive(Default)]
pub(super) struct Weather {
    current: Vec<Disturbance>,
    count: usize,
}

/// With more at once nothing would work for most of the time, and nothing would be shown.
const MOST_AT_ONCE: usize = 3;

impl Weather {
    /// Something begins or ends.
    pub(super) fn change(&mut self, gateway: &mut Gateway, chance: &mut Chance) {
        let next = chance.one_of(&ALL);
        let same = |current: &Disturbance| current.kind() == next.kind();
        let is_enough = self.current.len() >= MOST_AT_ONCE || self.current.iter().any(same);
        if is_enough || (!self.current.is_empty() && chance.below(2) == 0) {
            self.current.remove(0).end(gateway);
        } else {
            println!("{} {next:?}", gateway.time());
            next.begin(gateway);
            self.current.push(next);
            self.count += 1;
        }
    }

    /// All ends.
    pub(super) fn clear(&mut self, gateway: &mut Gateway) {
        for disturbance in self.current.drain(..) {
            disturbance.end(gateway);
        }
    }
}

impl Display for Weather {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} disturbances", self.count)
    }
}
