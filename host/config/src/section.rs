//! One section of the configuration, read key by key.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use crate::Error;
use crate::document::File;
use crate::suggestion::nearest;
use crate::value::{Origin, Value};

/// The keys of a section that were not read yet. Whoever reads a section asks
/// for every key it knows and then calls [`Section::finish`], so that the list
/// of known keys is the code that reads them.
#[derive(Debug)]
pub(crate) struct Section<'d> {
    file: File<'d>,
    name: Cow<'static, str>,
    span: Option<Range<usize>>,
    entries: BTreeMap<String, Entry<'d>>,
    known: Vec<&'static str>,
}

impl<'d> Section<'d> {
    /// A section that the file does not have.
    pub(crate) fn absent(file: File<'d>, name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            file,
            name: name.into(),
            span: None,
            entries: BTreeMap::new(),
            known: Vec::new(),
        }
    }

    /// The section as the file has it; `span` is where its name stands.
    pub(crate) fn fill(&mut self, span: Range<usize>, keys: DeTable<'d>) {
        self.span = Some(span);
        self.entries = keys
            .into_iter()
            .map(|(key, value)| {
                let entry = Entry {
                    key: Origin::File(key.span()),
                    value: Value::of_file(
                        self.file,
                        &format!("{}.{}", self.name, key.get_ref()),
                        value,
                    ),
                };
                (key.into_inner().into_owned(), entry)
            })
            .collect();
    }

    /// Sets or overrides a key by a variable of the environment.
    pub(crate) fn set(&mut self, key: String, variable: &str, text: &str) {
        let entry = Entry {
            key: Origin::Variable(variable.to_owned()),
            value: Value::of_variable(self.file, &format!("{}.{key}", self.name), variable, text),
        };
        self.entries.insert(key, entry);
    }

    /// Whether the file or the environment says anything here.
    pub(crate) fn is_present(&self) -> bool {
        self.span.is_some() || !self.entries.is_empty()
    }

    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Value<'d>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.known.push(key);
        self.entries
            .remove(key)
            .map(|entry| read(entry.value))
            .transpose()
    }

    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(Value<'d>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.optional(key, read)?
            .ok_or_else(|| self.missing(key, None))
    }

    /// The error for a key that must be there; `help` says why, if that is not
    /// plain.
    pub(crate) fn missing(&self, key: &str, help: Option<&str>) -> Error {
        let message = if self.span.is_some() {
            format!("[{}] lacks the key `{key}`", self.name)
        } else {
            format!(
                "there is no [{}] section; it needs the key `{key}`",
                self.name
            )
        };
        let diagnostic = self
            .file
            .complain(self.span.clone(), message)
            .help(help.map(str::to_owned));
        diagnostic.into()
    }

    /// The error for keys that do not go together.
    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        self.file.complain(self.span.clone(), message).into()
    }

    /// The tables in this section by their names, each to be read like a section.
    pub(crate) fn tables(self) -> Result<Vec<(Value<'d>, Section<'d>)>, Error> {
        let (file, section) = (self.file, self.name);
        let read = |(name, entry): (String, Entry<'d>)| {
            let table = entry.value.table(format!("{section}.{name}"))?;
            Ok((Value::of_key(file, &section, &entry.key, name), table))
        };
        self.entries.into_iter().map(read).collect()
    }

    /// Complains about a key that nobody asked for.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let Some((key, entry)) = self.entries.into_iter().next() else {
            return Ok(());
        };
        let help = match nearest(&key, self.known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys are {}", self.known.join(", ")),
        };
        let message = format!("unknown key `{}` in [{}]", key.escape_debug(), self.name);
        Err(entry.key.error(self.file, message, Some(help)))
    }
}

#[derive(Debug)]
struct Entry<'d> {
    key: Origin,
    value: Value<'d>,
}
