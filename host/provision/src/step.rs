//! One thing that is done in the account.

use std::fmt::{self, Display, Formatter};

use sealift_config::ThingName;
use serde::{Serialize, Serializer};

use crate::Name;

/// What is done, in the order in which it is listed. Each leaves something whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// Makes the bucket.
    CreateBucket {
        /// Its name.
        bucket: String,
    },
    /// Encrypts the bucket, closes it to the public, and has it drop abandoned uploads.
    ProtectBucket {
        /// Its name.
        bucket: String,
    },
    /// Makes the role.
    CreateRole {
        /// Its name.
        #[serde(serialize_with = "shown")]
        role: Name,
    },
    /// Lets the credentials provider assume the role.
    UpdateTrust {
        /// The role.
        #[serde(serialize_with = "shown")]
        role: Name,
    },
    /// Lets the role put objects into the bucket.
    PutPermissions {
        /// The role.
        #[serde(serialize_with = "shown")]
        role: Name,
        /// The bucket.
        bucket: String,
    },
    /// Makes the role alias.
    CreateAlias {
        /// Its name.
        #[serde(serialize_with = "shown")]
        alias: Name,
    },
    /// Makes the IoT policy.
    CreatePolicy {
        /// Its name.
        #[serde(serialize_with = "shown")]
        policy: Name,
    },
    /// Gives the IoT policy a new version.
    UpdatePolicy {
        /// Its name.
        #[serde(serialize_with = "shown")]
        policy: Name,
    },
    /// Makes the thing.
    CreateThing {
        /// Its name.
        #[serde(serialize_with = "shown")]
        thing: ThingName,
    },
    /// Makes a certificate, and a key unless the request came from elsewhere.
    CreateCertificate {
        /// For this thing.
        #[serde(serialize_with = "shown")]
        thing: ThingName,
    },
    /// Makes the certificate good for connections.
    ActivateCertificate {
        /// Of this thing.
        #[serde(serialize_with = "shown")]
        thing: ThingName,
    },
    /// Attaches the IoT policy to the certificate.
    AttachPolicy {
        /// Of this thing.
        #[serde(serialize_with = "shown")]
        thing: ThingName,
    },
    /// Attaches the certificate to the thing.
    AttachThing {
        /// The thing.
        #[serde(serialize_with = "shown")]
        thing: ThingName,
    },
    /// Writes the root certificate and a configuration.
    WriteFiles {
        /// Of this thing.
        #[serde(serialize_with = "shown")]
        thing: ThingName,
    },
    /// Takes a certificate from a thing.
    DetachThing {
        /// The thing.
        #[serde(serialize_with = "shown")]
        thing: ThingName,
        /// The certificate's ARN.
        certificate: String,
    },
    /// Takes the IoT policy from a certificate.
    DetachPolicy {
        /// The certificate's ARN.
        certificate: String,
    },
    /// Revokes a certificate that stands for nothing else.
    DeleteCertificate {
        /// Its ARN.
        certificate: String,
    },
    /// Deletes the thing.
    DeleteThing {
        /// Its name.
        #[serde(serialize_with = "shown")]
        thing: ThingName,
    },
    /// Deletes the IoT policy.
    DeletePolicy {
        /// Its name.
        #[serde(serialize_with = "shown")]
        policy: Name,
    },
    /// Deletes the role alias.
    DeleteAlias {
        /// Its name.
        #[serde(serialize_with = "shown")]
        alias: Name,
    },
    /// Deletes the role with its policy.
    DeleteRole {
        /// Its name.
        #[serde(serialize_with = "shown")]
        role: Name,
    },
    /// Deletes the bucket, if it is empty.
    DeleteBucket {
        /// Its name.
        bucket: String,
    },
}

fn shown<S: Serializer>(name: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(name)
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateBucket { bucket } => write!(f, "create the bucket {bucket}"),
            Self::ProtectBucket { bucket } => write!(
                f,
                "encrypt the bucket {bucket}, close it to the public, and drop abandoned uploads after a week"
            ),
            Self::CreateRole { role } => write!(f, "create the role {role}"),
            Self::UpdateTrust { role } => {
                write!(
                    f,
                    "let the credentials provider of AWS IoT assume the role {role}"
                )
            }
            Self::PutPermissions { role, bucket } => write!(
                f,
                "let the role {role} put objects into {bucket}, below the name of the thing that asks"
            ),
            Self::CreateAlias { alias } => write!(f, "create the role alias {alias}"),
            Self::CreatePolicy { policy } => write!(f, "create the IoT policy {policy}"),
            Self::UpdatePolicy { policy } => write!(f, "change the IoT policy {policy}"),
            Self::CreateThing { thing } => write!(f, "create the thing {thing}"),
            Self::CreateCertificate { thing } => write!(f, "create a certificate for {thing}"),
            Self::ActivateCertificate { thing } => write!(f, "activate the certificate of {thing}"),
            Self::AttachPolicy { thing } => {
                write!(f, "attach the IoT policy to the certificate of {thing}")
            }
            Self::AttachThing { thing } => write!(f, "attach the certificate to {thing}"),
            Self::WriteFiles { thing } => {
                write!(f, "write the root certificate and sealift.toml for {thing}")
            }
            Self::DetachThing { thing, certificate } => {
                write!(f, "detach {certificate} from {thing}")
            }
            Self::DetachPolicy { certificate } => {
                write!(f, "detach the IoT policy from {certificate}")
            }
            Self::DeleteCertificate { certificate } => {
                write!(f, "deactivate and delete {certificate}")
            }
            Self::DeleteThing { thing } => write!(f, "delete the thing {thing}"),
            Self::DeletePolicy { policy } => write!(f, "delete the IoT policy {policy}"),
            Self::DeleteAlias { alias } => write!(f, "delete the role alias {alias}"),
            Self::DeleteRole { role } => write!(f, "delete the role {role}"),
            Self::DeleteBucket { bucket } => write!(f, "delete the bucket {bucket} if it is empty"),
        }
    }
}
