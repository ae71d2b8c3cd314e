//! What a component is by its types alone: it is not run for that.

use std::fmt::{self, Display, Formatter};

use wasmtime::Engine;
use wasmtime::component::Component;

/// The world that this host runs (`wit/world.wit`).
pub const WORLD: &str = "sealift:gateway/uploader@0.1.0";

/// What a component of [`WORLD`] exports.
const EXPORTS: [&str; 4] = [
    "sealift:gateway/credentials@0.1.0",
    "sealift:gateway/transfer@0.1.0",
    "sealift:gateway/aws@0.1.0",
    "sealift:gateway/plugin@0.1.0",
];

/// Interfaces that components may import, without their versions: those that the linker has (`sandbox/linker.rs`).
const OFFERED: [&str; 30] = [
    "sealift:gateway/types",
    "sealift:gateway/keystore",
    "sealift:gateway/payload",
    "sealift:gateway/jobs",
    "sealift:gateway/vault",
    "sealift:gateway/journal",
    "sealift:gateway/hints",
    "sealift:gateway/progress",
    "wasi:http/types",
    "wasi:http/outgoing-handler",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
];

/// Worlds of others that people may take for ours, each with the export that it is known by.
const OTHER_WORLDS: [(&str, &str); 2] = [
    ("wasi:cli/run", "wasi:cli/command"),
    ("wasi:http/incoming-handler", "wasi:http/proxy"),
];

/// The names that a component imports and exports, in its own order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What it asks of its host.
    pub imports: Vec<String>,
    /// What it offers.
    pub exports: Vec<String>,
}

impl Shape {
    pub(super) fn of(engine: &Engine, component: &Component) -> Self {
        let shape = component.component_type();
        let imports = shape.imports(engine).map(|(name, _)| name.to_owned());
        let exports = shape.exports(engine).map(|(name, _)| name.to_owned());
        Self {
            imports: imports.collect(),
            exports: exports.collect(),
        }
    }

    /// The world that it was built for, if it is known by its exports.
    pub fn world(&self) -> Option<String> {
        if let Some(version) = self.gateway_version() {
            return Some(format!("sealift:gateway/uploader@{version}"));
        }
        self.exports.iter().find_map(|export| {
            let (interface, version) = export.split_once('@')?;
            let known = OTHER_WORLDS.iter().find(|(export, _)| *export == interface);
            known.map(|(_, world)| format!("{world}@{version}"))
        })
    }

    /// The version of our package, if it has all exports of the world in the same one.
    fn gateway_version(&self) -> Option<&str> {
        let version_of = |export: &str| {
            let (wanted, _) = export.split_once('@')?;
            let mut exports = self.exports.iter();
            exports.find_map(|export| export.strip_prefix(wanted)?.strip_prefix('@'))
        };
        let mut versions = EXPORTS.iter().map(|export| version_of(export));
        let first = versions.next()??;
        versions
            .all(|version| version == Some(first))
            .then_some(first)
    }

    /// How it differs from [`WORLD`].
    pub fn misfit(&self) -> Misfit {
        let has = |export: &&&str| self.exports.iter().any(|name| name == **export);
        let missing = EXPORTS.iter().filter(|export| !has(export));
        let offered = |import: &&String| {
            let interface = import
                .split_once('@')
                .map_or(import.as_str(), |(name, _)| name);
            OFFERED.contains(&interface)
        };
        let excess = self.imports.iter().filter(|import| !offered(import));
        Misfit {
            missing: missing.map(|name| (*name).to_owned()).collect(),
            excess: excess.cloned().collect(),
        }
    }
}

/// What keeps a component from being one of our world, as far as names tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Exports that it lacks.
    pub missing: Vec<String>,
    /// Imports that this host does not offer.
    pub excess: Vec<String>,
}

impl Display for Misfit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (&*self.missing.join(", "), &*self.excess.join(", ")) {
            ("", "") => f.write_str("it has the names of the world, with other types"),
            ("", excess) => write!(f, "it imports {excess}, which no component is given"),
            (missing, "") => write!(f, "it does not export {missing}"),
            (missing, excess) => write!(
                f,
                "it does not export {missing}, and imports {excess}, which no component is given"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::factory;
    use crate::sandbox::{Limits, Sandbox};

    fn shape(imports: &[&str], exports: &[&str]) -> Shape {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Shape {
            imports: owned(imports),
            exports: owned(exports),
        }
    }

    #[test]
    fn the_factory_component_is_of_the_world_that_is_named_here() {
        let sandbox = Sandbox::with_engine(Limits::NONE, None, |_| {}).unwrap();
        let (shape, usable) = sandbox.inspect(factory::COMPONENT).unwrap();
        usable.unwrap();
        assert_eq!(shape.world().as_deref(), Some(WORLD));
        let misfit = shape.misfit();
        assert_eq!((misfit.missing, misfit.excess), (vec![], vec![]));
    }

    #[test]
    fn worlds_are_told_apart_by_their_exports() {
        let newer = EXPORTS.map(|export| export.replace("0.1.0", "0.2.0"));
        let newer: Vec<_> = newer.iter().map(String::as_str).collect();
        let world = |exports: &[&str]| shape(&[], exports).world();
        assert_eq!(world(&EXPORTS).as_deref(), Some(WORLD));
        assert_eq!(
            world(&newer).as_deref(),
            Some("sealift:gateway/uploader@0.2.0")
        );
        let mixed = [EXPORTS[0], EXPORTS[1], EXPORTS[2], newer[3]];
        assert_eq!(world(&mixed), None);
        assert_eq!(
            world(&["wasi:cli/run@0.2.3"]).as_deref(),
            Some("wasi:cli/command@0.2.3")
        );
        assert_eq!(world(&["run"]), None);
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_is_named() {
        let imports = ["wasi:sockets/tcp@0.2.12", "wasi:io/poll@0.2.3", "env"];
        let misfit = shape(&imports, &EXPORTS[1..]).misfit();
        assert_eq!(misfit.missing, [EXPORTS[0]]);
        assert_eq!(misfit.excess, ["wasi:sockets/tcp@0.2.12", "env"]);
        let told = misfit.to_string();
        for part in [EXPORTS[0], "wasi:sockets/tcp@0.2.12, env"] {
            assert!(told.contains(part), "{told}");
        }
    }
}
