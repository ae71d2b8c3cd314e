//! Why a token does not do what it should.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::small_file::FileError;
use crate::{KeyAlgorithm, KeySpec, MalformedCertificate};

/// A key or certificate on a PKCS#11 token is out of reach. Says what was found
/// instead, and never a PIN.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Nothing says which module to ask.
    #[error(
        "it does not say which PKCS#11 module knows the token; add module-path=/usr/lib/….so to it, \
         or set device.pkcs11_module"
    )]
    NoModule,

    /// The module's file is not there.
    #[error("there is no PKCS#11 module {}; install the token's module or correct its path", .path.display())]
    ModuleMissing {
        /// The file.
        path: PathBuf,
        /// Why it cannot be looked at.
        source: io::Error,
    },

    /// The file is no PKCS#11 module.
    #[error("{} is not a PKCS#11 module that can be loaded here", .path.display())]
    NotAModule {
        /// The file.
        path: PathBuf,
        /// What the loader says.
        source: cryptoki::error::Error,
    },

    /// The module has a thread of its own, which could not be started.
    #[error("no thread can be started for the PKCS#11 module {}", .path.display())]
    NoThread {
        /// The module.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// The module hangs.
    #[error(
        "the PKCS#11 module {} did not answer within {limit:?}; check that its device or service \
         is up, and restart this program if it stays so",
        .path.display()
    )]
    Deadline {
        /// The module.
        path: PathBuf,
        /// How long it was waited for.
        limit: Duration,
    },

    /// Our side of the module failed.
    #[error("the PKCS#11 module {} gave an answer that cannot be used", .path.display())]
    Panicked {
        /// The module.
        path: PathBuf,
    },

    /// A call failed in a way that has no other name here.
    #[error("the PKCS#11 module {} failed", .path.display())]
    Module {
        /// The module.
        path: PathBuf,
        /// The function and what it returned.
        source: cryptoki::error::Error,
    },

    /// No token, or not the one that is meant.
    #[error("the PKCS#11 module {} has no such token; it has {found}", .path.display())]
    NoToken {
        /// The module.
        path: PathBuf,
        /// The tokens that are there.
        found: Found,
    },

    /// More than one token is meant.
    #[error("several tokens are meant: {found}; name one by its serial")]
    SeveralTokens {
        /// Those that match.
        found: Found,
    },

    /// The token wants a PIN, and there is none.
    #[error(
        "the token `{token}` wants a PIN; put it into a file that only the service can read and add \
         pin-source=file:/… , or pin-source=NAME for the systemd credential NAME"
    )]
    PinMissing {
        /// The token's label.
        token: String,
    },

    /// The token has its own keypad.
    #[error(
        "the token `{token}` wants its PIN typed at its own reader, where a gateway has nobody; \
         use a token that takes it from a file"
    )]
    PinPad {
        /// The token's label.
        token: String,
    },

    /// The PIN's file cannot be read.
    #[error("the PIN of the token cannot be read")]
    PinFile(#[source] FileError),

    /// The PIN's file holds no PIN.
    #[error("{} must hold the token's PIN in one line, and nothing else", .path.display())]
    PinMalformed {
        /// The file.
        path: PathBuf,
    },

    /// A systemd credential, but no systemd.
    #[error(
        "the PIN is to be the systemd credential `{name}`, but $CREDENTIALS_DIRECTORY is not set; \
         add LoadCredentialEncrypted={name}:… to the service's unit, or write pin-source=file:/…"
    )]
    NoCredentials {
        /// The credential.
        name: String,
    },

    /// The PIN is wrong.
    #[error(
        "the token `{token}` refuses the PIN of {origin}{tries}; correct it before anything else"
    )]
    PinWrong {
        /// The token's label.
        token: String,
        /// Where the PIN is from.
        origin: PinOrigin,
        /// What the token says of the tries that are left.
        tries: Tries,
    },

    /// The PIN was wrong before.
    #[error(
        "the token `{token}` has refused the PIN of {origin}, which is not tried again before it changes: \
         a few wrong ones lock a token"
    )]
    PinRefusedBefore {
        /// The token's label.
        token: String,
        /// Where the PIN is from.
        origin: PinOrigin,
    },

    /// The next wrong PIN locks the token.
    #[error(
        "the token `{token}` has one try left for its PIN, which is not spent without you; log in once by \
         hand, such as with `pkcs11-tool --login --list-objects`, which gives it back its tries"
    )]
    LastTry {
        /// The token's label.
        token: String,
    },

    /// Too many wrong PINs.
    #[error(
        "the token `{token}` is locked after too many wrong PINs; unlock it with its SO PIN, \
         such as with `pkcs11-tool --init-pin --login --login-type so`"
    )]
    PinLocked {
        /// The token's label.
        token: String,
    },

    /// The key is not there.
    #[error("the token `{token}` has no such private key; it has {found}")]
    NoKey {
        /// The token's label.
        token: String,
        /// The private keys that are there.
        found: Found,
    },

    /// A key that is there is never replaced.
    #[error(
        "the token `{token}` has such a key already: {found}; `sealift key rotate` puts another in its place"
    )]
    KeyExists {
        /// The token's label.
        token: String,
        /// Those that match.
        found: Found,
    },

    /// A key without a name could not be found again.
    #[error("a new key needs a name; add object=NAME to the URI")]
    NamelessKey,

    /// The cryptographic library has no random numbers.
    #[error("there are no random numbers for the identifier of the new key")]
    NoRandomNumbers,

    /// The token does not make such keys.
    #[error("the token `{token}` does not make keys of the kind {spec}")]
    NotMade {
        /// The token's label.
        token: String,
        /// The kind.
        spec: KeySpec,
    },

    /// More than one key is meant.
    #[error(
        "several private keys of the token `{token}` are meant: {found}; name one by object and id"
    )]
    SeveralKeys {
        /// The token's label.
        token: String,
        /// Those that match.
        found: Found,
    },

    /// A key of a kind that we do not sign with.
    #[error(
        "the private key on the token `{token}` is of the kind {kind}; supported are RSA with 2048 to \
         4096 bits, and EC on the curves P-256, P-384 and P-521"
    )]
    KeyKind {
        /// The token's label.
        token: String,
        /// The kind of key.
        kind: String,
    },

    /// A key for other purposes.
    #[error("the private key on the token `{token}` may not sign (CKA_SIGN); make one that may")]
    NotForSigning {
        /// The token's label.
        token: String,
    },

    /// Nothing tells the public half.
    #[error(
        "the token `{token}` tells no public key of the private key; store the public key beside it, with \
         the same id, or give the certificate in a file"
    )]
    NoPublicKey {
        /// The token's label.
        token: String,
    },

    /// The key of something else.
    #[error(
        "the private key on the token `{token}` does not sign for the certificate; correct device.key or \
         device.certificate"
    )]
    NotTheCertificates {
        /// The token's label.
        token: String,
    },

    /// The token cannot sign as TLS needs it.
    #[error("the token `{token}` has no mechanism to sign with a key of the kind {algorithm}")]
    NoMechanism {
        /// The token's label.
        token: String,
        /// The kind of key.
        algorithm: KeyAlgorithm,
    },

    /// The signature is not one.
    #[error(
        "the token answered with a signature of {length} bytes, which a key of the kind {algorithm} does not make"
    )]
    Signature {
        /// Its length.
        length: usize,
        /// The kind of key.
        algorithm: KeyAlgorithm,
    },

    /// The token was exchanged.
    #[error(
        "there is another key now on the token `{token}` than when it was opened; restart this program to use it"
    )]
    Exchanged {
        /// The token's label.
        token: String,
    },

    /// The certificate is not there.
    #[error("the token `{token}` has no such certificate; it has {found}")]
    NoCertificate {
        /// The token's label.
        token: String,
        /// The certificates that are there.
        found: Found,
    },

    /// More than one certificate is meant.
    #[error(
        "several certificates of the token `{token}` are meant: {found}; name one by object and id"
    )]
    SeveralCertificates {
        /// The token's label.
        token: String,
        /// Those that match.
        found: Found,
    },

    /// What is stored as a certificate is none.
    #[error("the certificate on the token `{token}` is damaged")]
    MalformedCertificate {
        /// The token's label.
        token: String,
        /// How.
        source: MalformedCertificate,
    },
}

/// What was found, for messages that say what else there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found(Vec<String>);

impl Found {
    pub(super) fn new(found: impl IntoIterator<Item = String>) -> Self {
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable();
        Self(found)
    }
}

/// Shows `a, b and 3 more`, or `none`.
impl Display for Found {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        match self.0.len() {
            0 => f.write_str("none"),
            1..=SHOWN => f.write_str(&self.0.join(", ")),
            total => write!(
                f,
                "{} and {} more",
                self.0[..SHOWN].join(", "),
                total - SHOWN
            ),
        }
    }
}

/// Where a PIN is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinOrigin {
    /// A file.
    File(PathBuf),
    /// The URI itself.
    Uri,
}

impl Display for PinOrigin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Uri => f.write_str("pin-value"),
        }
    }
}

/// How many wrong PINs a token still takes, as far as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// It says nothing.
    Unknown,
    /// A wrong one was entered since the last right one.
    Fewer,
    /// The next wrong one locks it.
    One,
}

impl Display for Tries {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "",
            Self::Fewer => " and has fewer tries left now",
            Self::One => " and has one try left",
        })
    }
}
