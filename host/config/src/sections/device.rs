//! `[device]`: who we are.

use std::path::PathBuf;

use crate::section::Section;
use crate::value::Value;
use crate::{CertificateReference, Environment, Error, KeyReference, ThingName};

/// `[device]`: the thing, its certificate and its key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Device {
    /// The AWS IoT thing that the certificate is attached to. Needed when the
    /// IoT policy or the role's policies use thing variables.
    pub thing_name: Option<ThingName>,
    /// The certificate chain, in PEM (leaf first) or on a token.
    pub certificate: CertificateReference,
    /// The private key.
    pub key: KeyReference,
    /// Certificate authorities that servers are checked against, in PEM. None:
    /// the system's.
    pub ca: Option<PathBuf>,
    /// Who else may read a key file.
    pub key_permissions: KeyPermissions,
    /// What components may have the key sign, beside the handshakes that are the host's own.
    pub sign_for: Vec<SignaturePurpose>,
    /// The PKCS#11 module for URIs that name none.
    pub pkcs11_module: Option<PathBuf>,
    /// Where systemd puts the service's credentials, the key and the PINs of
    /// tokens among them: `$CREDENTIALS_DIRECTORY`.
    pub credentials_directory: Option<PathBuf>,
}

keyword! {
    /// Who else may read a key file.
    KeyPermissions {
        /// Only its owner: group and others have no permission whatever. A credential may show what
        /// systemd's ACL looks like, a group that reads.
        Strict = "strict",
        /// Anybody; for file systems without permissions.
        Any = "any",
    }
}

keyword! {
    /// What a signature is for that a component asks for.
    SignaturePurpose {
        /// A request for a session of IAM Roles Anywhere.
        RolesAnywhere = "roles-anywhere",
    }
}

impl Device {
    pub(crate) const NAME: &'static str = "device";

    pub(crate) fn read(mut section: Section<'_>, env: &Environment) -> Result<Self, Error> {
        let device = Self {
            thing_name: section.optional("thing_name", Value::parse)?,
            certificate: section.required("certificate", Value::certificate_reference)?,
            key: section.required("key", Value::key_reference)?,
            ca: section.optional("ca", Value::path)?,
            key_permissions: section
                .optional("key_permissions", Value::parse)?
                .unwrap_or(KeyPermissions::Strict),
            sign_for: section
                .optional("sign_for", Value::parse_list)?
                .unwrap_or_default(),
            pkcs11_module: section.optional("pkcs11_module", Value::path)?,
            credentials_directory: env.var("CREDENTIALS_DIRECTORY").map(PathBuf::from),
        };
        section.finish()?;
        Ok(device)
    }
}
