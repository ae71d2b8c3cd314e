//! Who has a job under way.

use std::fmt;
use std::fmt::Write;
use std::io;

/// One run of the service: a crash and a start make another owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner(String);

impl Owner {
    /// This process, from now on: its number and a random one, since process numbers come again.
    pub fn this_process() -> io::Result<Self> {
        let mut random = [0_u8; 8];
        let length = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
        if length < random.len() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let mut text = std::process::id().to_string();
        // Writing to a string does not fail.
        let _ = write!(text, "-{:016x}", u64::from_le_bytes(random));
        Ok(Self(text))
    }

    pub(crate) fn from_text(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
