//! The grammar of `sealift key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealift_config::KeyReference;
use sealift_keystore::{KeySpec, Subject};

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Show the device's key and certificate, and whether they belong together
    Show,

    /// Make a key; one that is there is never overwritten
    Generate(Generate),

    /// Print a certificate request (PKCS #10), signed by the key
    Csr(Csr),

    /// Replace the device's key and certificate
    ///
    /// Without --certificate: make the key that comes next, beside the one in force, and print the
    /// request for its certificate. Have it signed, for instance with
    /// `aws iot create-certificate-from-csr --set-as-active`, and attach policy and thing.
    ///
    /// With --certificate: fetch credentials with the new key and certificate and, if that works, put
    /// them in the place of the old. Running gateways go over to them by themselves.
    ///
    /// Either can be interrupted at any moment and run again.
    Rotate(Rotate),
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Where the key is to be [default: device.key of the configuration]
    #[arg(value_name = "KEY")]
    pub(super) key: Option<KeyReference>,

    /// rsa-2048, rsa-3072, rsa-4096, p256 or p384 [default: p256]
    #[arg(long, value_name = "KIND")]
    pub(super) algorithm: Option<KeySpec>,
}

#[derive(Debug, Args)]
pub(crate) struct Csr {
    /// The key [default: device.key of the configuration]
    #[arg(value_name = "KEY")]
    pub(super) key: Option<KeyReference>,

    /// Whose certificate it shall be, such as CN=gateway-17,O=Acme [default: the name of the thing]
    #[arg(long, value_name = "NAME=VALUE,…")]
    pub(super) subject: Option<Subject>,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The certificate of the key that comes next, or a new one of the key in force, in PEM
    #[arg(long, value_name = "FILE", conflicts_with_all = ["algorithm", "subject"])]
    pub(super) certificate: Option<PathBuf>,

    /// rsa-2048, rsa-3072, rsa-4096, p256 or p384 [default: that of the key in force]
    #[arg(long, value_name = "KIND")]
    pub(super) algorithm: Option<KeySpec>,

    /// Whose certificate it shall be, such as CN=gateway-17,O=Acme [default: the name of the thing]
    #[arg(long, value_name = "NAME=VALUE,…")]
    pub(super) subject: Option<Subject>,
}
