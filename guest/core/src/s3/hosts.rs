//! Which of AWS's hosts of S3 are spoken to.

use super::address::Region;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

/// A choice among AWS's hosts of S3 ("Amazon Simple Storage Service endpoints and quotas", AWS
/// General Reference).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Hosts {
    /// Those that have IPv6 addresses too.
    pub dual_stack: bool,
    /// Of which kind.
    pub kind: HostKind,
}

/// Kinds of hosts of S3; a host is of one of them only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum HostKind {
    /// Those of a region.
    #[default]
    Regional,
    /// Those of a region that use cryptography as FIPS 140 has it.
    Fips,
    /// Those of the edge nearest by, whatever the region ("Transfer Acceleration").
    Accelerate,
}

impl Hosts {
    /// Takes `dual-stack`, `fips` and `accelerate`.
    pub fn from_settings(settings: &mut Settings) -> Result<Self, Error> {
        let mut switch = |name| Ok(settings.take_switch(name)?.unwrap_or(false));
        let (dual_stack, fips, accelerate) = (
            switch("dual-stack")?,
            switch("fips")?,
            switch("accelerate")?,
        );
        let kind = match (fips, accelerate) {
            (false, false) => HostKind::Regional,
            (true, false) => HostKind::Fips,
            (false, true) => HostKind::Accelerate,
            (true, true) => {
                return Err(invalid("`fips` and `accelerate` exclude each other")
                    .with_cure("leave out one: accelerated hosts are not FIPS ones"));
            }
        };
        Ok(Self { dual_stack, kind })
    }

    /// Refuses hosts that the region's partition does not have.
    pub(super) fn check(self, region: &Region) -> Result<(), Error> {
        let name = match self.kind {
            HostKind::Regional => return Ok(()),
            HostKind::Fips => "fips",
            HostKind::Accelerate => "accelerate",
        };
        if region.partition() == "aws-cn" {
            let message = format!("there are no hosts of S3 for `{name}` in region {region}");
            return Err(invalid(&message).with_cure(format!("leave out `{name}`")));
        }
        Ok(())
    }

    /// The host of a region's buckets, or behind a bucket's name.
    pub(super) fn of_buckets(self, region: &Region, dns_suffix: &str) -> String {
        let stack = self.stack();
        match self.kind {
            HostKind::Regional => format!("s3{stack}.{region}.{dns_suffix}"),
            HostKind::Fips => format!("s3-fips{stack}.{region}.{dns_suffix}"),
            HostKind::Accelerate => format!("s3-accelerate{stack}.{dns_suffix}"),
        }
    }

    /// The host behind an access point's name. Acceleration knows none.
    pub(super) fn of_access_points(self, region: &Region, dns_suffix: &str) -> Option<String> {
        let stack = self.stack();
        match self.kind {
            HostKind::Regional => Some(format!("s3-accesspoint{stack}.{region}.{dns_suffix}")),
            HostKind::Fips => Some(format!("s3-accesspoint-fips{stack}.{region}.{dns_suffix}")),
            HostKind::Accelerate => None,
        }
    }

    fn stack(self) -> &'static str {
        if self.dual_stack { ".dualstack" } else { "" }
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}
