//! What the program is asked to do.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt as _};
use sealift_core::{Error, ErrorKind};

use crate::provider::Provider;

/// What the program tells of itself.
pub(crate) const USAGE: &str = "\
sealift-command put FILE s3://BUCKET/KEY --region REGION [--s3-endpoint URL] PROVIDER [--set NAME=VALUE]… [--journal FILE]
sealift-command credentials PROVIDER

PROVIDER is
  --credentials-endpoint HOST[:PORT]   AWS IoT's, where the runtime makes the handshake with the device's certificate;
                                       or http://127.0.0.1:PORT, a proxy on this machine that does
  --role-alias NAME
  --thing-name NAME                    may be left out

  --s3-endpoint URL                    a store that is not AWS's, or a proxy on this machine
  --set NAME=VALUE                     an option of the upload, such as part-size=8388608 (`jobs.options` in wit/jobs.wit)
  --journal FILE                       where an upload in parts is gone on with when it was interrupted";

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Task {
    /// Say how it is used.
    Help,
    /// Upload a file.
    Put(Put),
    /// Print credentials.
    Credentials(Provider),
}

/// An upload.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) file: PathBuf,
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// As `job.location` and `job.options`.
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) provider: Provider,
    pub(crate) journal: Option<PathBuf>,
}

impl Put {
    pub(crate) fn target(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

/// Reads the arguments, without the program's name.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Task, Error> {
    let mut given = Given::default();
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(wrong)? {
        let option = match argument {
            Arg::Long("help") | Arg::Short('h') => return Ok(Task::Help),
            Arg::Long(name) => name.to_owned(),
            Arg::Value(value) => {
                given.words.push(value.string().map_err(wrong)?);
                continue;
            }
            Arg::Short(_) => return Err(wrong(argument.unexpected())),
        };
        let value = parser.value().map_err(wrong)?;
        given.take(&option, value.string().map_err(wrong)?)?;
    }
    given.task()
}

/// Arguments that have been read, and not put together yet.
#[derive(Default)]
struct Given {
    words: Vec<String>,
    settings: Vec<(String, String)>,
    provider: Vec<(String, String)>,
    endpoint: Option<String>,
    journal: Option<PathBuf>,
}

impl Given {
    fn take(&mut self, option: &str, value: String) -> Result<(), Error> {
        match option {
            "credentials-endpoint" => self.endpoint = Some(value),
            "role-alias" | "thing-name" => self.provider.push((option.to_owned(), value)),
            "region" => self.settings.push((option.to_owned(), value)),
            "s3-endpoint" => self.settings.push(("endpoint".to_owned(), value)),
            "journal" => self.journal = Some(value.into()),
            "set" => {
                // Not told: it may be a secret.
                let (name, value) = value
                    .split_once('=')
                    .ok_or_else(|| usage("what --set is given is not NAME=VALUE".to_owned()))?;
                self.settings.push((name.to_owned(), value.to_owned()));
            }
            other => {
                return Err(usage(format!(
                    "there is no option --{}",
                    other.escape_debug()
                )));
            }
        }
        Ok(())
    }

    fn task(self) -> Result<Task, Error> {
        let endpoint = self
            .endpoint
            .ok_or_else(|| usage("--credentials-endpoint is missing".to_owned()));
        let provider = |settings| Provider::new(&endpoint?, settings);
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match words[..] {
            ["credentials"] if self.settings.is_empty() && self.journal.is_none() => {
                Ok(Task::Credentials(provider(self.provider)?))
            }
            ["credentials"] => Err(usage(
                "`credentials` takes nothing but the options of the PROVIDER".to_owned(),
            )),
            ["put", file, target] => {
                let (bucket, key) = object(target, file)?;
                Ok(Task::Put(Put {
                    file: file.into(),
                    bucket,
                    key,
                    provider: provider(self.provider)?,
                    settings: self.settings,
                    journal: self.journal,
                }))
            }
            _ => Err(usage(
                "it is `put FILE s3://BUCKET/KEY` or `credentials`".to_owned(),
            )),
        }
    }
}

/// The key is literal; one that is empty or ends in `/` is a prefix of the file's name.
fn object(target: &str, file: &str) -> Result<(String, String), Error> {
    let parts = target
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'));
    let name = file.rsplit('/').next().unwrap_or_default();
    match parts {
        Some((bucket, key)) if !bucket.is_empty() && (key.is_empty() || key.ends_with('/')) => {
            Ok((bucket.to_owned(), format!("{key}{name}")))
        }
        Some((bucket, key)) if !bucket.is_empty() => Ok((bucket.to_owned(), key.to_owned())),
        _ => Err(usage(format!(
            "`{}` is not s3://BUCKET/KEY",
            target.escape_debug()
        ))),
    }
}

fn wrong(error: impl Into<lexopt::Error>) -> Error {
    let error: lexopt::Error = error.into();
    usage(error.to_string())
}

fn usage(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message).with_cure(format!("usage:\n{USAGE}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const PROVIDER: &str = "--credentials-endpoint=c.example --role-alias=alias --thing-name=thing";

    fn parsed(line: &str) -> Result<Task, Error> {
        parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn an_upload_is_read() {
        let line = format!(
            "put a.csv s3://demo/a/b?c%20 --region r-1 --set part-size=1 --set=metadata=a=1 {PROVIDER}"
        );
        let Ok(Task::Put(put)) = parsed(&line) else {
            panic!("{:?}", parsed(&line));
        };
        assert_eq!(put.target(), "s3://demo/a/b?c%20");
        let told = [("region", "r-1"), ("part-size", "1"), ("metadata", "a=1")];
        let told = told.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(put.settings, told);
    }

    #[test]
    fn a_key_that_ends_in_a_slash_is_a_prefix() {
        for (target, key) in [
            ("s3://demo/", "a.csv"),
            ("s3://demo/in/", "in/a.csv"),
            ("s3://demo/in", "in"),
        ] {
            assert_eq!(object(target, "/data/a.csv").unwrap().1, key, "{target}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_the_usage() {
        let cases = [
            (
                "put a.csv s3://demo/a --region r",
                "--credentials-endpoint is missing",
            ),
            ("credentials --credentials-endpoint c.example", "role-alias"),
            (
                "put a.csv s3://demo --credentials-endpoint c.example",
                "is not s3://BUCKET/KEY",
            ),
            (
                "put a.csv --credentials-endpoint c.example",
                "it is `put FILE",
            ),
            ("credentials --nothing 1", "there is no option --nothing"),
            ("credentials --role-alias", "--role-alias"),
            ("put --set hush", "is not NAME=VALUE"),
            (
                "credentials --region r --credentials-endpoint c.example",
                "takes nothing but",
            ),
            ("credentials -x", "'-x'"),
        ];
        for (line, message) in cases {
            let error = parsed(line).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{line}");
            assert!(error.message.contains(message), "{line}: {}", error.message);
            assert!(!error.message.contains("hush"), "{line}: {}", error.message);
        }
    }
}
