//! Keeping the process's memory, and so the key in it, from others.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

/// Makes the process one that no other process of the same user can trace or
/// read the memory of (`PR_SET_DUMPABLE`, see `ptrace(2)`), and that leaves no
/// core file when it crashes.
///
/// Of the limit on core files only the soft one is lowered: programs that we
/// start keep the choice.
pub fn keep_memory_private() -> Result<(), HardeningError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(HardeningError::Dumpable)?;
    let limit = Rlimit {
        current: Some(0),
        maximum: getrlimit(Resource::Core).maximum,
    };
    setrlimit(Resource::Core, limit).map_err(HardeningError::CoreLimit)
}

/// The system did not let us protect the process's memory.
#[derive(Debug, thiserror::Error)]
pub enum HardeningError {
    /// `prctl(PR_SET_DUMPABLE)` failed.
    #[error("cannot make the process's memory private to it (PR_SET_DUMPABLE)")]
    Dumpable(#[source] rustix::io::Errno),
    /// `setrlimit(RLIMIT_CORE)` failed.
    #[error("cannot switch off core files (RLIMIT_CORE)")]
    CoreLimit(#[source] rustix::io::Errno),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn afterwards_there_are_no_core_files_and_no_tracers() {
        let before = getrlimit(Resource::Core).maximum;
        super::keep_memory_private().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(getrlimit(Resource::Core).maximum, before);
    }
}
