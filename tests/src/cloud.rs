//! The stand-in for AWS, running beside a test.

use std::fs::Permissions;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use localcloud::{Fingerprint, LocalCloud, ROLE_ALIAS, RoleAlias, Settings, THING_NAME};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{soon, until};

/// A local cloud on a runtime and in a directory of its own. Everything ends with the value.
pub struct Cloud {
    // In the order in which they must be dropped.
    running: Option<LocalCloud>,
    runtime: Runtime,
    dir: TempDir,
}

impl Cloud {
    /// The cloud that `sealift local-cloud` starts.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// A cloud with other settings.
    pub fn start_with(settle: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(dir.path().join("cloud"));
        settle(&mut settings);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let cloud = runtime.block_on(localcloud::start(settings)).unwrap();
        Self {
            running: Some(cloud),
            runtime,
            dir,
        }
    }

    /// A path in a directory that is the test's own and has nothing of the cloud in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file of the test's with these contents.
    pub fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, contents).unwrap();
        path
    }

    /// A file of the test's that nobody else may read.
    pub fn private_file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name, contents);
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Makes a certificate one of the device's thing, with leave to ask for credentials.
    pub fn enrol(&self, certificate: Fingerprint) {
        let registry = self.registry();
        registry.register(certificate);
        registry.attach_thing(certificate, THING_NAME);
        registry.attach_policy(certificate, ROLE_ALIAS);
    }

    /// Adds a client with a role alias of its own to the device's configuration, and lets the device assume
    /// that role.
    pub fn add_client(&self, client: &str, alias: &str) {
        let hour = Duration::from_hours(1);
        let role = RoleAlias {
            duration: hour,
            max_session_duration: hour,
            assumable: true,
        };
        self.registry().set_role_alias(alias, role);
        self.registry().attach_policy(self.device(), alias);
        self.configure(&format!("[clients.{client}]\nrole_alias = \"{alias}\"\n"));
    }

    /// Adds sections to the device's configuration.
    pub fn configure(&self, sections: &str) {
        let path = &self.paths().config;
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, format!("{text}\n{sections}")).unwrap();
    }

    /// The contents of an object whose key is a plain relative path.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        std::fs::read(self.paths().objects.join(bucket).join(key)).ok()
    }

    /// The contents of an object of the bucket `demo` that is there soon.
    #[track_caller]
    pub fn awaited_object(&self, key: &str) -> Vec<u8> {
        let mut object = None;
        until(&format!("{key} is there"), soon(), || {
            object = self.object("demo", key);
            object.is_some()
        });
        object.unwrap()
    }
}

impl Deref for Cloud {
    type Target = LocalCloud;

    fn deref(&self) -> &LocalCloud {
        self.running.as_ref().unwrap()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let running = self.running.take();
        self.runtime.block_on(async { drop(running) });
    }
}
