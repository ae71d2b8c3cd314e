//! `[put]`: uploads of single files and of standard input.

use std::path::PathBuf;

use crate::section::Section;
use crate::value::Value;
use crate::{ByteSize, Error};

/// `[put]`: how `sealift put` treats what it is given.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Put {
    /// Where pieces of standard input are kept until they are uploaded; see
    /// [`Config::spool_dir`](crate::Config::spool_dir) for the default.
    pub spool_dir: Option<PathBuf>,
    /// How much of standard input is kept at a time; 1 MiB–16 TiB, default 1 GiB.
    pub spool_limit: ByteSize,
}

impl Put {
    pub(crate) const NAME: &'static str = "put";

    pub(crate) fn read(mut section: Section<'_>) -> Result<Self, Error> {
        let put = Self {
            spool_dir: section.optional("spool_dir", Value::path)?,
            spool_limit: section
                .optional("spool_limit", |value| {
                    value.size(&(ByteSize::from_mib(1)..=ByteSize::from_mib(1 << 24)))
                })?
                .unwrap_or(ByteSize::from_mib(1024)),
        };
        section.finish()?;
        Ok(put)
    }
}
