//! How S3 encrypts objects.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::ValueEnum;
use sealift::sandbox::{Options, Setting};
use zeroize::Zeroizing;

use super::misfit::Misfit;
use super::text::FieldValue;
use super::word;
use crate::cli::{ExitStatus, Failure};

/// How S3 encrypts what it stores.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Encryption")]
pub(crate) struct Encryption {
    /// AES256 (the default of --sse alone), aws:kms or aws:kms:dsse
    #[arg(
        long,
        value_enum,
        value_name = "METHOD",
        num_args = 0..=1,
        default_missing_value = "AES256",
        hide_possible_values = true
    )]
    sse: Option<Sse>,

    /// The KMS key, by id, alias or ARN
    #[arg(long, value_name = "KEY")]
    sse_kms_key_id: Option<FieldValue>,

    /// The encryption context for KMS, a JSON object of strings
    #[arg(long, value_name = "JSON")]
    sse_kms_context: Option<KmsContext>,

    /// Encrypt under a key of the bucket, which asks KMS less often
    #[arg(long)]
    bucket_key_enabled: bool,

    /// Encrypt with the key in this file: 32 bytes, raw or in base64. S3 does not keep it
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["sse", "sse_kms_key_id", "sse_kms_context", "bucket_key_enabled"]
    )]
    sse_c_key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sse {
    #[value(name = "AES256")]
    Aes256,
    #[value(name = "aws:kms")]
    Kms,
    #[value(name = "aws:kms:dsse")]
    KmsDouble,
}

/// An encryption context: JSON without needless space.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KmsContext(String);

/// Not an encryption context.
#[derive(Debug, thiserror::Error)]
#[error("not a JSON object of strings such as {{\"plant\":\"7\"}}")]
struct KmsContextError(#[source] serde_json::Error);

/// Why a customer's key cannot be used.
#[derive(Debug, thiserror::Error)]
enum KeyError {
    /// No such file, or it may not be read.
    #[error("cannot read the key in `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in it has another length.
    #[error("`{}` does not hold a key of 32 bytes, raw or in base64", .0.display())]
    NotAKey(PathBuf),
}

/// AES-256, the only algorithm that S3 has for it.
const KEY_BYTES: usize = 32;

/// A key in base64 with some white space around it is shorter.
const LONGEST_FILE: usize = 128;

impl Encryption {
    /// Whether the key is the caller's own, which nobody else must keep.
    pub(crate) fn has_customers_key(&self) -> bool {
        self.sse_c_key.is_some()
    }

    pub(crate) fn put_into(&self, options: &mut Options) -> Result<(), Failure> {
        self.check()?;
        options.push_some("sse", self.sse.as_ref().map(word));
        options.push_some("sse-kms-key-id", self.sse_kms_key_id.as_ref());
        options.push_some("sse-kms-context", self.sse_kms_context.as_ref());
        options.push_switch("sse-bucket-key", self.bucket_key_enabled);
        if let Some(path) = &self.sse_c_key {
            options.push(customer_key(path)?);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Misfit> {
        let kms = matches!(self.sse, Some(Sse::Kms | Sse::KmsDouble));
        if self.sse_kms_key_id.is_some() && !kms {
            return Err(Misfit::NotKms("--sse-kms-key-id"));
        }
        if self.sse_kms_context.is_some() && !kms {
            return Err(Misfit::NotKms("--sse-kms-context"));
        }
        if self.bucket_key_enabled && self.sse != Some(Sse::Kms) {
            return Err(Misfit::NoBucketKey);
        }
        Ok(())
    }
}

/// Reads the key. Of all the copies on the way, only the setting's remains.
fn customer_key(path: &Path) -> Result<Setting, KeyError> {
    let cannot_read = |source| KeyError::Read {
        path: path.into(),
        source,
    };
    let mut contents = Zeroizing::new([0; LONGEST_FILE]);
    let length = File::open(path)
        .and_then(|mut file| fill(&mut file, contents.as_mut_slice()))
        .map_err(cannot_read)?;
    let contents = &contents[..length];
    let mut decoded = Zeroizing::new([0; LONGEST_FILE]);
    let key = if contents.len() == KEY_BYTES {
        contents
    } else {
        let text = contents.trim_ascii();
        match BASE64_STANDARD.decode_slice(text, decoded.as_mut_slice()) {
            Ok(KEY_BYTES) => &decoded[..KEY_BYTES],
            _ => return Err(KeyError::NotAKey(path.into())),
        }
    };
    Ok(Setting::new(
        "sse-customer-key",
        BASE64_STANDARD.encode(key),
    ))
}

/// Reads until the end or until there is no room.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

impl FromStr for KmsContext {
    type Err = KmsContextError;

    fn from_str(text: &str) -> Result<Self, KmsContextError> {
        let entries: BTreeMap<String, String> =
            serde_json::from_str(text).map_err(KmsContextError)?;
        serde_json::to_string(&entries)
            .map(Self)
            .map_err(KmsContextError)
    }
}

impl fmt::Display for KmsContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::new(ExitStatus::Usage, error)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
    const TEXT: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

    fn read(contents: &[u8]) -> Result<Setting, KeyError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        std::fs::write(&path, contents).unwrap();
        customer_key(&path)
    }

    #[test]
    fn a_key_is_raw_or_in_base64() {
        for contents in [&KEY[..], TEXT.as_bytes(), format!(" {TEXT}\n").as_bytes()] {
            assert_eq!(read(contents).unwrap().value, TEXT);
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        for contents in [&KEY[..31], b"", &TEXT.as_bytes()[4..], &[b'A'; 4096]] {
            let error = read(contents).unwrap_err();
            assert!(matches!(error, KeyError::NotAKey(_)), "{error:?}");
            assert!(!format!("{error:?}").contains("0123"), "{error:?}");
        }
        let missing = customer_key(Path::new("/nonexistent/key")).unwrap_err();
        assert!(matches!(missing, KeyError::Read { .. }), "{missing:?}");
    }

    #[test]
    fn a_context_is_an_object_of_strings() {
        let context: KmsContext = "{ \"plant\" : \"7\" }".parse().unwrap();
        assert_eq!(context.to_string(), "{\"plant\":\"7\"}");
        for text in ["", "[]", "{\"a\":1}", "{\"a\":{}}"] {
            assert!(text.parse::<KmsContext>().is_err(), "{text}");
        }
    }
}
