//! Signed releases for a cloud's device.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sealift_release::publish::{self, Lifetimes, Roles, Signer};
use sealift_release::{Manifest, Rollout};

use crate::Cloud;

/// Whoever publishes for a cloud's device, and looks at nothing that is published.
pub struct Publisher {
    directory: PathBuf,
    publisher: publish::Publisher,
}

impl Publisher {
    /// A repository in the test's own directory.
    pub fn of(cloud: &Cloud) -> Self {
        let directory = cloud.path("repository");
        let publisher = publish::Publisher::new(directory.clone(), Lifetimes::default());
        let made = Self {
            directory,
            publisher,
        };
        let roles = Roles::default();
        block_on(made.publisher.init(&roles, SystemTime::now())).unwrap();
        made
    }

    /// The part of a configuration that names it, with more settings of the section.
    pub fn section(&self, more: &str) -> String {
        let (repository, root) = (self.directory.display(), self.root());
        let root = root.display();
        format!(
            "[release]\nrepository = \"{repository}\"\nroot = \"{root}\"\ncheck = \"1s\"\n{more}\n"
        )
    }

    /// The root that devices begin with.
    pub fn root(&self) -> PathBuf {
        self.directory.join("metadata/1.root.json")
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Publishes a component under a version.
    pub fn publish(&self, version: &str, component: &[u8]) {
        self.publish_with(version, component, |manifest| manifest);
    }

    /// The same, with something else said of it.
    pub fn publish_with(
        &self,
        version: &str,
        component: &[u8],
        change: impl FnOnce(Manifest) -> Manifest,
    ) {
        let manifest = change(Manifest {
            version: version.parse().unwrap(),
            world: "sealift:gateway/uploader@0.1.0".parse().unwrap(),
            minimum_host_version: "0.1.0".parse().unwrap(),
            origins: Vec::new(),
            rollout: Rollout::EVERYONE,
        });
        let file = format!("uploader-{version}.wasm").parse().unwrap();
        let now = SystemTime::now();
        let release = self.publisher.add(&file, component, &manifest, now);
        release.unwrap();
        let signers = Signer::read_all(&self.directory.join("keys")).unwrap();
        let signed = block_on(self.publisher.sign(&signers, now)).unwrap();
        assert!(signed.lacking.is_empty(), "{:?}", signed.lacking);
    }
}

/// The component that the program was built with, and a mark that makes it another one.
pub fn factory_marked(mark: &str) -> Vec<u8> {
    marked(sealift::factory::COMPONENT, mark)
}

/// A component with a mark that makes it another one: a custom section at its end.
pub fn marked(component: &[u8], mark: &str) -> Vec<u8> {
    let name = "mark";
    let length = 1 + name.len() + mark.len();
    assert!(length < 128, "one byte of LEB128");
    let mut bytes = component.to_vec();
    bytes.extend([
        0,
        u8::try_from(length).unwrap(),
        u8::try_from(name.len()).unwrap(),
    ]);
    bytes.extend(name.bytes().chain(mark.bytes()));
    bytes
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}
