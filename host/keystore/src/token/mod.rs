//! Keys and certificates on PKCS#11 tokens: smart cards, HSMs, TPMs.
//!
//! [`TokenKey`] signs; the key stays where it is. Below it, from the outside in:
//! `worker` is the thread that a module is called on, `module` the loaded module
//! with its sessions, `session` one open key, which logs in again when its token
//! was away, and `search` finds what a URI means or says what there is instead.
//! `recipe` knows how TLS's signatures are made of the mechanisms that a token
//! has.

mod certificate;
mod error;
mod generate;
mod key;
mod module;
mod pin;
mod proof;
mod public_key;
mod recipe;
mod search;
mod session;
mod worker;

use std::path::{Path, PathBuf};

use sealift_config::{Device, Pkcs11Uri};

use crate::small_file::Stamp;

pub(crate) use certificate::chain;
pub use error::{Found, PinOrigin, TokenError, Tries};
pub(crate) use generate::{Others, destroy, generate};
pub use key::TokenKey;

/// What a URI may leave to the configuration.
#[derive(Clone, Debug, Default)]
pub struct TokenSettings {
    /// The PKCS#11 module of URIs without `module-path`.
    pub module: Option<PathBuf>,
    /// Where the service's credentials are: the PINs that `pin-source` calls by name, and perhaps the key.
    pub credentials_directory: Option<PathBuf>,
}

impl From<&Device> for TokenSettings {
    fn from(device: &Device) -> Self {
        Self {
            module: device.pkcs11_module.clone(),
            credentials_directory: device.credentials_directory.clone(),
        }
    }
}

impl TokenSettings {
    /// What the PIN's file is now; none if it is in no file.
    pub(crate) fn pin_stamp(&self, uri: &Pkcs11Uri) -> Option<Stamp> {
        let path = pin::path(uri.pin()?, self.credentials_directory.as_deref());
        Stamp::now(path.ok().flatten().as_deref()?)
    }

    /// The module that knows the token: the URI's, else the configuration's, else
    /// p11-kit's proxy, which knows all that are installed.
    fn module(&self, uri: &Pkcs11Uri) -> Option<PathBuf> {
        let named = uri.module_path().or(self.module.as_deref());
        let proxy = || {
            PROXIES
                .map(Path::new)
                .into_iter()
                .find(|path| path.exists())
        };
        named.or_else(proxy).map(Path::to_owned)
    }
}

/// Where distributions put p11-kit's proxy.
const PROXIES: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu/p11-kit-proxy.so",
    "/usr/lib/aarch64-linux-gnu/p11-kit-proxy.so",
    "/usr/lib/arm-linux-gnueabihf/p11-kit-proxy.so",
    "/usr/lib/riscv64-linux-gnu/p11-kit-proxy.so",
    "/usr/lib64/p11-kit-proxy.so",
    "/usr/lib/p11-kit-proxy.so",
];
