//! Says how much stack the component has.

/// Stack in bytes. The linker's default of 1 MiB comes first in memory and would stay unused there: what
/// an instance touches should lie together at the beginning, where a host can keep it for the next one.
const STACK: usize = 128 * 1024;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
}
