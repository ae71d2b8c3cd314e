//! `[sandbox]`: what a component may use up.

use crate::section::Section;
use crate::value::Value;
use crate::{ByteSize, Error, TimeLimit};

/// `[sandbox]`: the limits of one component instance, which lives for one job.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Sandbox {
    /// Its linear memories and tables together; 1 MiB–4 GiB, default 64 MiB.
    pub memory: ByteSize,
    /// Computing in all for one job, and a thousandth of it more for each part that an object may
    /// have; waiting in the host does not count; default 10 s.
    pub cpu_time: TimeLimit,
    /// HTTP requests under way at a time; 1–1024, default 64.
    pub open_requests: u32,
    /// What one job may send; 64 KiB–1024 TiB. None: a multiple of its payload.
    pub bytes_out: Option<ByteSize>,
    /// What one job may write to its log; up to 16 MiB, default 64 KiB.
    pub log_bytes: ByteSize,
}

impl Sandbox {
    pub(crate) const NAME: &'static str = "sandbox";

    pub(crate) fn read(mut section: Section<'_>) -> Result<Self, Error> {
        let sandbox = Self {
            memory: section
                .optional("memory", |value| {
                    value.size(&(ByteSize::from_mib(1)..=ByteSize::from_mib(4096)))
                })?
                .unwrap_or(ByteSize::from_mib(64)),
            cpu_time: section
                .optional("cpu_time", Value::time_limit)?
                .unwrap_or(TimeLimit::from_secs::<10>()),
            open_requests: section
                .optional("open_requests", |value| value.count(&(1..=1024)))?
                .unwrap_or(64),
            bytes_out: section.optional("bytes_out", |value| {
                value.size(&(ByteSize::from_kib(64)..=ByteSize::from_mib(1 << 30)))
            })?,
            log_bytes: section
                .optional("log_bytes", |value| {
                    value.size(&(ByteSize::from_bytes(0)..=ByteSize::from_mib(16)))
                })?
                .unwrap_or(ByteSize::from_kib(64)),
        };
        section.finish()?;
        Ok(sandbox)
    }
}
