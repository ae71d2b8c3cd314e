//! The configuration file, parsed into types at the edge.
//!
//! One TOML file, overridden key by key through `SEALIFT_<SECTION>_<KEY>`
//! variables, becomes a [`Config`] whose fields can only hold usable values: an
//! [`Authority`] has a host and a port, a [`TimeLimit`] is never zero, a
//! [`RoleAlias`] fits into a request path. What cannot be parsed is an
//! [`Error`] that shows the line, or names the variable, and says what would
//! be accepted.
//!
//! The crate reads the configuration file and nothing else: whether the
//! certificate, the key or a directory exists is for their users to find out.
//! The environment is an argument ([`Environment`]), never read behind the
//! caller's back.
//!
//! ```
//! use sealift_config::{Config, Environment};
//!
//! let text = r#"
//!     [device]
//!     certificate = "device.pem.crt"
//!     key = "private.pem.key"
//!
//!     [credentials]
//!     endpoint = "c0ffee.credentials.iot.eu-central-1.amazonaws.com"
//!     role_alias = "uploads"
//! "#;
//! let config = Config::parse(text, "/etc/sealift/sealift.toml".as_ref(), &Environment::default())?;
//! assert_eq!(config.s3()?.region.as_str(), "eu-central-1");
//! assert_eq!(config.device.certificate.to_string(), "/etc/sealift/device.pem.crt");
//! # Ok::<(), sealift_config::Error>(())
//! ```

#[macro_use]
mod keyword;
#[macro_use]
mod names;

mod account;
mod arn;
mod authority;
mod bucket;
mod byte_size;
mod certificate_reference;
mod client_name;
mod config;
mod diagnostic;
mod directories;
mod disposal;
mod document;
mod environment;
mod error;
mod file_patterns;
mod host;
mod interval;
mod key_reference;
mod key_template;
mod locate;
mod loopback_address;
mod origin;
mod origin_pattern;
mod pkcs11_uri;
mod proxy_url;
mod rate_limit;
mod region;
mod repository_place;
mod rule_name;
mod s3_hosts;
mod section;
mod sections;
mod session_duration;
mod session_name;
mod suggestion;
mod time_limit;
mod timetable;
mod value;
mod watch_destination;
mod windows;

pub use account::{Account, AccountError};
pub use arn::{Arn, ArnError};
pub use authority::{Authority, AuthorityError};
pub use bucket::{Bucket, BucketError};
pub use byte_size::{ByteSize, ByteSizeError};
pub use certificate_reference::{CertificateReference, CertificateReferenceError};
pub use client_name::ClientName;
pub use config::Config;
pub use diagnostic::Diagnostic;
pub use disposal::{Disposal, DisposalError};
pub use environment::Environment;
pub use error::Error;
pub use file_patterns::{FilePattern, FilePatternError, FilePatterns};
pub use host::{Host, HostError};
pub use interval::{Interval, IntervalError};
pub use key_reference::{KeyReference, KeyReferenceError, TpmHandle};
pub use key_template::{
    KeyField, KeyTemplate, KeyTemplateError, KeyValues, ObjectKey, ObjectKeyError,
};
pub use keyword::UnknownKeyword;
pub use loopback_address::{LoopbackAddress, LoopbackAddressError};
pub use names::{NameError, RoleAlias, ThingName};
pub use origin::{Origin, OriginError, Scheme};
pub use origin_pattern::{HostPattern, OriginPattern};
pub use pkcs11_uri::{
    ObjectClass, ObjectPattern, PinSource, Pkcs11Uri, Pkcs11UriError, TokenPattern,
};
pub use proxy_url::{ProxyCredentials, ProxyUrl, ProxyUrlError};
pub use rate_limit::{RateLimit, RateLimitError};
pub use region::Region;
pub use repository_place::{
    HttpsUrl, HttpsUrlError, KeyPrefix, KeyPrefixError, RepositoryPlace, RepositoryPlaceError,
};
pub use rule_name::{RuleName, RuleNameError};
pub use s3_hosts::{S3HostKind, S3Hosts, S3Name};
pub use sections::{
    Addressing, Checksum, ChecksumAlgorithm, ChecksumPlacement, Client, CredentialProvider, Device,
    HostChoice, Iot, Jobs, KeyPermissions, LocalEndpoints, LocalSocket, Network, Parts,
    ProviderKind, Proxies, Put, Quota, Release, Repository, RolesAnywhere, S3, Sandbox, Service,
    SignaturePurpose, StorageClass, Timeouts, WatchRule, WhenFull,
};
pub use session_duration::{SessionDuration, SessionDurationError};
pub use session_name::{SessionName, SessionNameError};
pub use time_limit::{TimeLimit, TimeLimitError};
pub use timetable::{Overlap, Period, TimeOfDay, TimeOfDayError, Timetable};
pub use watch_destination::{WatchDestination, WatchDestinationError};
pub use windows::Windows;
