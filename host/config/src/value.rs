//! One value of the configuration, on its way into a type.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use crate::document::File;
use crate::section::Section;
use crate::{
    ByteSize, CertificateReference, Disposal, Error, KeyReference, RateLimit, RateLimitError,
    RepositoryPlace, TimeLimit, TimeLimitError,
};

/// Where something was said, for complaints about it.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// These bytes of the configuration file.
    File(Range<usize>),
    /// This variable of the environment.
    Variable(String),
}

impl Origin {
    pub(crate) fn error(
        &self,
        file: File<'_>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Error {
        match (self, help) {
            (Self::File(span), help) => {
                file.complain(Some(span.clone()), message).help(help).into()
            }
            (Self::Variable(name), None) => Error::variable(name, message),
            (Self::Variable(name), Some(help)) => {
                Error::variable(name, format!("{}; {help}", message.into()))
            }
        }
    }
}

/// A value and where it came from.
#[derive(Debug)]
pub(crate) struct Value<'d> {
    file: File<'d>,
    /// What it sets: `section.key`.
    key: String,
    origin: Origin,
    content: Content<'d>,
}

#[derive(Debug)]
enum Content<'d> {
    Toml(DeValue<'d>),
    /// A variable's text, which stands for whatever type the key has: a string,
    /// a number in digits, a list with commas.
    Text(String),
}

impl<'d> Value<'d> {
    pub(crate) fn of_file(file: File<'d>, key: &str, value: Spanned<DeValue<'d>>) -> Self {
        Self {
            file,
            key: key.to_owned(),
            origin: Origin::File(value.span()),
            content: Content::Toml(value.into_inner()),
        }
    }

    pub(crate) fn of_variable(file: File<'d>, key: &str, variable: &str, text: &str) -> Self {
        Self {
            file,
            key: key.to_owned(),
            origin: Origin::Variable(variable.to_owned()),
            content: Content::Text(text.to_owned()),
        }
    }

    /// The name of a key or table of a section, which is to be parsed as well.
    pub(crate) fn of_key(file: File<'d>, section: &str, origin: &Origin, name: String) -> Self {
        Self {
            file,
            key: format!("the name of a table in [{section}]"),
            origin: origin.clone(),
            content: Content::Text(name),
        }
    }

    /// A string that is parsed.
    pub(crate) fn parse<T: FromStr<Err: Display>>(self) -> Result<T, Error> {
        self.text("a string")?
            .parse()
            .map_err(|error: T::Err| self.error(error.to_string()))
    }

    /// A string that is parsed and then has to pass `accept`, whose error says what is wrong with it.
    pub(crate) fn parse_if<T: FromStr<Err: Display>, U>(
        self,
        accept: impl FnOnce(T) -> Result<U, String>,
    ) -> Result<U, Error> {
        let parsed = self
            .text("a string")?
            .parse()
            .map_err(|error: T::Err| error.to_string());
        parsed
            .and_then(accept)
            .map_err(|problem| self.error(problem))
    }

    /// A string that is parsed, or the word `none`.
    pub(crate) fn parse_unless_none<T: FromStr<Err: Display>>(self) -> Result<OrNone<T>, Error> {
        match self.text("a string")? {
            "none" => Ok(OrNone::None),
            text => match text.parse() {
                Ok(value) => Ok(OrNone::Some(value)),
                Err(error) => Err(self.error(format!("{error} (or say `none`)"))),
            },
        }
    }

    /// Strings that are parsed.
    pub(crate) fn parse_list<T: FromStr<Err: Display>>(self) -> Result<Vec<T>, Error> {
        self.items()?.into_iter().map(Value::parse).collect()
    }

    /// A path, relative to the configuration file's directory if the file says
    /// it and to the current directory if a variable does.
    pub(crate) fn path(self) -> Result<PathBuf, Error> {
        match self.text("a path")? {
            "" => Err(self.error("the path is empty")),
            text => Ok(self.resolve(text.as_ref())),
        }
    }

    /// A certificate; the path of a file is resolved like any path.
    pub(crate) fn certificate_reference(self) -> Result<CertificateReference, Error> {
        match self.text("a path")?.parse() {
            Ok(CertificateReference::File(path)) => {
                Ok(CertificateReference::File(self.resolve(&path)))
            }
            Ok(token) => Ok(token),
            Err(error) => Err(self.error(error.to_string())),
        }
    }

    /// A key; the path of a key file is resolved like any path.
    pub(crate) fn key_reference(self) -> Result<KeyReference, Error> {
        match self.text("a string")?.parse() {
            Ok(KeyReference::File(path)) => Ok(KeyReference::File(self.resolve(&path))),
            Ok(token) => Ok(token),
            Err(error) => Err(self.error(error.to_string())),
        }
    }

    /// What becomes of files; the directory that they are moved to is resolved like any path.
    pub(crate) fn disposal(self) -> Result<Disposal, Error> {
        match self.text("a string")?.parse() {
            Ok(Disposal::Move(directory)) => Ok(Disposal::Move(self.resolve(&directory))),
            Ok(disposal) => Ok(disposal),
            Err(error) => Err(self.error(error.to_string())),
        }
    }

    /// Where releases are; a directory is resolved like any path.
    pub(crate) fn repository_place(self) -> Result<RepositoryPlace, Error> {
        match self.text("a string")?.parse() {
            Ok(RepositoryPlace::Directory(path)) => {
                Ok(RepositoryPlace::Directory(self.resolve(&path)))
            }
            Ok(elsewhere) => Ok(elsewhere),
            Err(error) => Err(self.error(error.to_string())),
        }
    }

    /// A duration.
    pub(crate) fn time_limit(self) -> Result<TimeLimit, Error> {
        self.text("a duration such as \"10s\"")?
            .parse()
            .map_err(|error: TimeLimitError| self.error(error.to_string()))
    }

    /// A whole number within a range.
    pub(crate) fn count(self, range: &RangeInclusive<u32>) -> Result<u32, Error> {
        let number = match &self.content {
            Content::Toml(DeValue::Integer(integer)) => natural(integer),
            Content::Text(text) => text.parse().ok(),
            Content::Toml(_) => return Err(self.mistyped("a number")),
        };
        number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (least, most) = range.clone().into_inner();
                self.error(format!("must be a number from {least} to {most}"))
            })
    }

    /// A size within a range: a string such as `8MiB`, or a number of bytes.
    pub(crate) fn size(self, range: &RangeInclusive<ByteSize>) -> Result<ByteSize, Error> {
        let size = match &self.content {
            Content::Toml(DeValue::Integer(integer)) => natural(integer).map(ByteSize::from_bytes),
            _ => match self
                .text("a size such as \"8MiB\", or a number of bytes")?
                .parse::<ByteSize>()
            {
                Ok(size) => Some(size),
                Err(error) => return Err(self.error(error.to_string())),
            },
        };
        size.filter(|size| range.contains(size))
            .ok_or_else(|| self.error(format!("must be from {} to {}", range.start(), range.end())))
    }

    /// `true` or `false`.
    pub(crate) fn switch(self) -> Result<bool, Error> {
        self.is_on()
    }

    /// A switch that cannot be on if there is an obstacle.
    pub(crate) fn switch_unless(self, obstacle: Option<&str>) -> Result<bool, Error> {
        match (self.is_on()?, obstacle) {
            (true, Some(obstacle)) => Err(self.error(format!("cannot be true: {obstacle}"))),
            (on, _) => Ok(on),
        }
    }

    fn is_on(&self) -> Result<bool, Error> {
        match &self.content {
            Content::Toml(DeValue::Boolean(on)) => Ok(*on),
            Content::Text(text) if text == "true" => Ok(true),
            Content::Text(text) if text == "false" => Ok(false),
            Content::Text(_) => Err(self.error("must be true or false")),
            Content::Toml(_) => Err(self.mistyped("true or false")),
        }
    }

    /// A rate: a string such as `1MiB` or `none`, or a number of bytes.
    pub(crate) fn rate_limit(self) -> Result<RateLimit, Error> {
        let limit = match &self.content {
            Content::Toml(DeValue::Integer(integer)) => natural(integer)
                .ok_or(RateLimitError::OutOfRange)
                .and_then(|bytes| ByteSize::from_bytes(bytes).try_into()),
            _ => self.text("a rate such as \"1MiB\", or \"none\"")?.parse(),
        };
        limit.map_err(|error| self.error(error.to_string()))
    }

    /// A table, read like a section called `name`.
    pub(crate) fn table(self, name: String) -> Result<Section<'d>, Error> {
        match (self.content, &self.origin) {
            (Content::Toml(DeValue::Table(keys)), Origin::File(span)) => {
                let mut section = Section::absent(self.file, name);
                section.fill(span.clone(), keys);
                Ok(section)
            }
            (content, _) => {
                let other = Self { content, ..self };
                Err(other.mistyped(&format!("a table, [{name}], in the configuration file")))
            }
        }
    }

    /// Tables, each read like a section called `name`.
    pub(crate) fn tables(self, name: &'static str) -> Result<Vec<Section<'d>>, Error> {
        let expected = format!("a list of tables, [[{name}]], in the configuration file");
        let Content::Toml(DeValue::Array(items)) = self.content else {
            return Err(self.mistyped(&expected));
        };
        let read = |item: Spanned<DeValue<'d>>| {
            let span = item.span();
            match item.into_inner() {
                DeValue::Table(keys) => {
                    let mut section = Section::absent(self.file, name);
                    section.fill(span, keys);
                    Ok(section)
                }
                other => {
                    let found = other.type_str();
                    let message =
                        format!("{}: must be {expected}; this is of type {found}", self.key);
                    Err(self.file.complain(Some(span), message).into())
                }
            }
        };
        items.into_iter().map(read).collect()
    }

    fn items(self) -> Result<Vec<Value<'d>>, Error> {
        match self.content {
            Content::Toml(DeValue::Array(items)) => Ok(items
                .into_iter()
                .map(|item| Value::of_file(self.file, &self.key, item))
                .collect()),
            Content::Toml(_) => Err(self.mistyped("a list of strings")),
            Content::Text(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value {
                    file: self.file,
                    key: self.key.clone(),
                    origin: self.origin.clone(),
                    content: Content::Text(item.to_owned()),
                })
                .collect()),
        }
    }

    fn text(&self, expected: &str) -> Result<&str, Error> {
        match &self.content {
            Content::Toml(DeValue::String(text)) => Ok(text),
            Content::Toml(_) => Err(self.mistyped(expected)),
            Content::Text(text) => Ok(text),
        }
    }

    fn resolve(&self, path: &std::path::Path) -> PathBuf {
        match self.origin {
            Origin::File(_) => self.file.directory().join(path),
            Origin::Variable(_) => path.to_owned(),
        }
    }

    fn mistyped(&self, expected: &str) -> Error {
        let found = match &self.content {
            Content::Toml(value) => value.type_str(),
            Content::Text(_) => "string",
        };
        self.error(format!("must be {expected}; this is of type {found}"))
    }

    fn error(&self, message: impl Into<String>) -> Error {
        let message = match self.origin {
            Origin::File(_) => format!("{}: {}", self.key, message.into()),
            // The variable, which the message names, has the key in its name.
            Origin::Variable(_) => message.into(),
        };
        self.origin.error(self.file, message, None)
    }
}

/// A setting that can be switched off by the word `none`.
#[derive(Debug)]
pub(crate) enum OrNone<T> {
    None,
    Some(T),
}

impl<T> From<OrNone<T>> for Option<T> {
    fn from(value: OrNone<T>) -> Self {
        match value {
            OrNone::None => None,
            OrNone::Some(value) => Some(value),
        }
    }
}

fn natural(integer: &DeInteger<'_>) -> Option<u64> {
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}
