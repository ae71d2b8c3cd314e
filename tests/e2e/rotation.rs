//! A new certificate and key are used without a restart.

use std::fs;
use std::time::Duration;

use localcloud::{Certificate, KeyType, Validity};
use sealift::gateway::Gateway;
use sealift_config::{Config, Environment};
use sealift_tests::Cloud;
use tokio::runtime::Runtime;

/// A gateway, and a cloud whose credentials are stale when they arrive, so that each call fetches new ones.
struct Stage {
    gateway: Gateway,
    runtime: Runtime,
    cloud: Cloud,
}

impl Stage {
    fn set() -> Self {
        let cloud = Cloud::start_with(|settings| settings.credential_ttl = Duration::ZERO);
        let environment = Environment::from_iter([("XDG_CACHE_HOME", cloud.path("cache"))]);
        let config = Config::load(Some(&cloud.paths().config), &environment).unwrap();
        let gateway = Gateway::open(config, &environment, None).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            gateway,
            runtime,
            cloud,
        }
    }

    fn fetches(&self) -> bool {
        self.runtime.block_on(self.gateway.credentials()).is_ok()
    }

    /// A second certificate of the same thing. The first one is revoked.
    fn successor(&self, key_type: KeyType) -> Certificate {
        let issued = self
            .cloud
            .authority()
            .issue("the next certificate", key_type, Validity::default())
            .unwrap();
        let registry = self.cloud.registry();
        self.cloud.enrol(issued.fingerprint());
        registry.set_active(self.cloud.device(), false);
        issued
    }
}

#[test]
fn the_next_connection_uses_the_new_identity() {
    let stage = Stage::set();
    assert!(stage.fetches() && stage.fetches());
    assert_eq!(
        stage.cloud.counts().provider_connections,
        1,
        "one connection serves both"
    );
    let successor = stage.successor(KeyType::EcdsaP256);
    assert!(!stage.fetches(), "the old certificate was revoked");
    fs::write(
        &stage.cloud.paths().certificate,
        successor.certificate_pem(),
    )
    .unwrap();
    fs::write(&stage.cloud.paths().key, successor.key_pem()).unwrap();
    assert!(stage.fetches());
}

#[test]
fn connections_of_the_old_identity_are_not_used_again() {
    let stage = Stage::set();
    assert!(stage.fetches());
    let before = stage.cloud.counts().provider_connections;
    let successor = stage.successor(KeyType::Rsa2048);
    fs::write(&stage.cloud.paths().key, successor.key_pem()).unwrap();
    fs::write(
        &stage.cloud.paths().certificate,
        successor.certificate_pem(),
    )
    .unwrap();
    assert!(
        stage.fetches(),
        "the old certificate was revoked, and its connection is still open"
    );
    assert_eq!(stage.cloud.counts().provider_connections, before + 1);
}

#[test]
fn half_of_a_rotation_leaves_the_old_identity_in_force() {
    let stage = Stage::set();
    assert!(stage.fetches());
    let device = stage.cloud.device();
    let successor = stage.successor(KeyType::EcdsaP256);
    stage.cloud.registry().set_active(device, true);
    fs::write(
        &stage.cloud.paths().certificate,
        successor.certificate_pem(),
    )
    .unwrap();
    assert!(
        stage.fetches(),
        "the new certificate does not belong to the old key"
    );
    stage.cloud.registry().set_active(device, false);
    fs::write(&stage.cloud.paths().key, successor.key_pem()).unwrap();
    assert!(stage.fetches());
}
