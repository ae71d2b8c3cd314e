//! `sealift key show`: who this device is.

use sealift::{gateway, report};
use sealift_config::{Environment, KeyReference};
use sealift_keystore::{Certificate, CertificateChain, DeviceKey, IdentityFiles, open_key};
use serde::Serialize;

use super::config;
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// All that there is to know, as `--json` tells it.
#[derive(Serialize)]
struct Shown {
    key: ShownKey,
    certificate: Option<ShownCertificate>,
    /// Why the two cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct ShownKey {
    reference: String,
    place: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<String>,
}

#[derive(Serialize)]
struct ShownCertificate {
    reference: String,
    subject: String,
    issuer: String,
    not_before: String,
    not_after: String,
    /// SHA-256 of the DER, which is also what AWS IoT calls the certificate.
    fingerprint: String,
}

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    let config = config(global)?;
    let files = IdentityFiles::from(&config.device);
    let now = gateway::corrected_time(&config, &Environment::of_process());
    let identity = files.load(now);
    // What can be told of an identity that cannot be used is what helps to mend it.
    let key = match &identity {
        Ok(identity) => Some(identity.key().clone()),
        Err(_) => open_key(&files.key, files.key_permissions, &files.tokens).ok(),
    };
    let chain = match &identity {
        Ok(identity) => Some(identity.chain().clone()),
        Err(_) => files
            .certificate
            .path()
            .and_then(|path| CertificateChain::open(path).ok()),
    };
    let shown = Shown {
        key: ShownKey::new(&files.key, key.as_deref()),
        certificate: chain.map(|chain| ShownCertificate::new(&chain)),
        error: identity.as_ref().err().map(|error| report::chain(error)),
    };
    if global.json {
        output::json(&shown)?;
    } else {
        shown.print()?;
    }
    identity.map(drop).map_err(Failure::failed)
}

impl ShownKey {
    fn new(reference: &KeyReference, key: Option<&dyn DeviceKey>) -> Self {
        Self {
            reference: reference.to_string(),
            place: match reference {
                KeyReference::File(_) => "file",
                KeyReference::Pkcs11(_) => "PKCS #11 token",
                KeyReference::Tpm(_) => "TPM",
            },
            algorithm: key.map(|key| key.algorithm().to_string()),
        }
    }
}

impl ShownCertificate {
    fn new(chain: &CertificateChain) -> Self {
        let leaf: &Certificate = chain.leaf();
        Self {
            reference: chain.reference().to_string(),
            subject: leaf.subject().to_owned(),
            issuer: leaf.issuer().to_owned(),
            not_before: leaf.not_before().to_string(),
            not_after: leaf.not_after().to_string(),
            fingerprint: leaf.fingerprint().to_string(),
        }
    }
}

impl Shown {
    fn print(&self) -> Result<(), Failure> {
        let key = &self.key;
        output::line(&format!(
            "key             {} ({})",
            key.reference, key.place
        ))?;
        if let Some(algorithm) = &key.algorithm {
            output::line(&format!("algorithm       {algorithm}"))?;
        }
        let Some(certificate) = &self.certificate else {
            return Ok(());
        };
        for (name, value) in [
            ("certificate", &certificate.reference),
            ("subject", &certificate.subject),
            ("issuer", &certificate.issuer),
            ("not before", &certificate.not_before),
            ("not after", &certificate.not_after),
            ("certificate id", &certificate.fingerprint),
        ] {
            output::line(&format!("{name:<15} {value}"))?;
        }
        Ok(())
    }
}
