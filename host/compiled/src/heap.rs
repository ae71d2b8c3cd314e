//! Memory that compiling leaves behind.
#![cfg_attr(target_env = "gnu", allow(unsafe_code))]

/// Gives memory that is not used any more back to the kernel.
///
/// Compiling takes tens of MiB in small blocks, on several threads. glibc keeps what is freed between
/// blocks that are in use, for as long as the process lives; a service would have them for months.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: `malloc_trim` (malloc_trim(3)) takes a number, touches free memory alone, and is safe to call from any
    // thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    /// Resident memory of this process that no file is behind, in KiB.
    fn resident() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let own = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let own = own.unwrap().trim().strip_suffix(" kB").unwrap();
        own.parse().unwrap()
    }

    #[test]
    fn what_is_free_between_blocks_in_use_is_given_back() {
        const BLOCKS: usize = 64 * 1024;
        let mut blocks: Vec<_> = (0..BLOCKS).map(|_| vec![1_u8; 1024]).collect();
        let mut number = 0;
        // Every 64th stays.
        blocks.retain(|_| {
            number += 1;
            number % 64 == 0
        });
        let before = resident();
        give_back();
        let after = resident();
        assert!(after + 16 * 1024 < before, "{before} KiB, then {after} KiB");
        assert_eq!(blocks.len(), BLOCKS / 64);
    }
}
