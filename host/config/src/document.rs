//! The file's text with the environment's overrides laid over it.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::Diagnostic;
use crate::section::Section;
use crate::suggestion::nearest;
use crate::value::Value;
use crate::{Environment, Error};

/// The configuration file as it was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'d> {
    pub(crate) path: &'d Path,
    pub(crate) text: &'d str,
}

impl File<'_> {
    pub(crate) fn complain(
        &self,
        span: Option<std::ops::Range<usize>>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(self.path, self.text, span, message)
    }

    /// What relative paths of the file are relative to.
    pub(crate) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// All sections, before anything in them was given a meaning.
#[derive(Debug)]
pub(crate) struct Document<'d> {
    file: File<'d>,
    sections: BTreeMap<&'static str, Section<'d>>,
    /// Sections that can be there several times, `[[name]]`; none of them if the file has none.
    lists: BTreeMap<&'static str, Option<Value<'d>>>,
}

impl<'d> Document<'d> {
    /// Splits the file into its sections, of which `names` are known once and
    /// `lists` any number of times, and adds the variables called `SEALIFT_<SECTION>_<KEY>` to the
    /// former.
    pub(crate) fn parse(
        file: File<'d>,
        env: &Environment,
        names: &[&'static str],
        lists: &[&'static str],
    ) -> Result<Self, Error> {
        let mut document = Self {
            file,
            sections: names
                .iter()
                .map(|name| (*name, Section::absent(file, *name)))
                .collect(),
            lists: lists.iter().map(|name| (*name, None)).collect(),
        };
        document.read_file()?;
        document.read_environment(env)?;
        Ok(document)
    }

    /// Takes a section out; one that the file does not have is empty.
    pub(crate) fn section(&mut self, name: &'static str) -> Section<'d> {
        self.sections
            .remove(name)
            .unwrap_or_else(|| Section::absent(self.file, name))
    }

    /// Takes a list of sections out.
    pub(crate) fn list(&mut self, name: &'static str) -> Option<Value<'d>> {
        self.lists.remove(name).flatten()
    }

    fn read_file(&mut self) -> Result<(), Error> {
        let table = DeTable::parse(self.file.text).map_err(|error| {
            self.file
                .complain(error.span(), format!("not TOML: {}", error.message()))
        })?;
        for (name, value) in table.into_inner() {
            let span = name.span();
            if let Some(list) = self.lists.get_mut(name.get_ref().as_ref()) {
                *list = Some(Value::of_file(self.file, name.get_ref(), value));
                continue;
            }
            let Some(section) = self.sections.get_mut(name.get_ref().as_ref()) else {
                return Err(self.unknown_section(name.get_ref(), value.get_ref(), span));
            };
            match value.into_inner() {
                DeValue::Table(keys) => section.fill(span, keys),
                DeValue::Array(_) => {
                    let message =
                        format!("[[{0}]] must be a single section, [{0}]", name.get_ref());
                    return Err(self.file.complain(Some(span), message).into());
                }
                other => {
                    let message = format!(
                        "`{}` must be a section; this is of type {}",
                        name.get_ref(),
                        other.type_str()
                    );
                    return Err(self.file.complain(Some(span), message).into());
                }
            }
        }
        Ok(())
    }

    fn unknown_section(
        &self,
        name: &str,
        value: &DeValue<'_>,
        span: std::ops::Range<usize>,
    ) -> Error {
        let names = || self.sections.keys().chain(self.lists.keys()).copied();
        let message = match value {
            DeValue::Table(_) | DeValue::Array(_) => format!("unknown section [{name}]"),
            _ => format!("key `{name}` is outside of any section"),
        };
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean [{near}]?"),
            None => format!(
                "the sections are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        };
        let diagnostic = self.file.complain(Some(span), message).help(Some(help));
        diagnostic.into()
    }

    fn read_environment(&mut self, env: &Environment) -> Result<(), Error> {
        for (variable, value) in env.iter() {
            let Some(setting) = variable.strip_prefix("SEALIFT_") else {
                continue;
            };
            let Some((name, key)) = setting.split_once('_') else {
                continue;
            };
            // Other programs of ours may have variables of their own, so only
            // those that begin with a section's name are taken for settings.
            let Some(section) = self.sections.get_mut(name.to_lowercase().as_str()) else {
                continue;
            };
            let text = value.to_str().ok_or_else(|| Error::not_text(variable))?;
            section.set(key.to_lowercase(), variable, text);
        }
        Ok(())
    }
}
