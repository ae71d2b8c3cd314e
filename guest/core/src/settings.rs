//! Name/value lists from the host, taken apart once into types.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;

/// Most settings in one list.
pub const MAX_SETTINGS: usize = 64;
/// Longest name, in bytes.
pub const MAX_NAME: usize = 64;
/// Longest value, in bytes.
pub const MAX_VALUE: usize = 8 * 1024;

/// Settings that nobody has asked for yet.
///
/// Readers [`take`](Settings::take) the names they know; [`finish`](Settings::finish) refuses
/// what is left. That is how a list can grow without a new version of the contract: an old
/// component that is given a new setting says so instead of ignoring it.
///
/// A value may be a secret: values are wiped when nobody needs them any more, and are not part of
/// `Debug`.
#[derive(Clone)]
pub struct Settings {
    unread: Vec<(String, Zeroizing<String>)>,
}

impl Settings {
    /// Accepts a list in which every name is given once and sizes are within the limits.
    pub fn new(list: Vec<(String, String)>) -> Result<Self, Error> {
        // Before anything is checked, so that what is refused is wiped as well.
        let list: Vec<_> = list
            .into_iter()
            .map(|(name, value)| (name, Zeroizing::new(value)))
            .collect();
        if list.len() > MAX_SETTINGS {
            return Err(invalid(format!(
                "{} settings are more than the {MAX_SETTINGS} allowed",
                list.len()
            )));
        }
        for (index, (name, value)) in list.iter().enumerate() {
            check_size(name, value)?;
            if list.iter().take(index).any(|(other, _)| other == name) {
                let name = excerpt(name);
                return Err(invalid(format!("setting `{name}` is given more than once")));
            }
        }
        Ok(Self { unread: list })
    }

    /// The value of a setting that may be left out.
    pub fn take(&mut self, name: &str) -> Option<Zeroizing<String>> {
        let index = self.unread.iter().position(|(other, _)| other == name)?;
        Some(self.unread.swap_remove(index).1)
    }

    /// The value of a setting that must be there.
    pub fn require(&mut self, name: &str) -> Result<Zeroizing<String>, Error> {
        self.take(name)
            .ok_or_else(|| invalid(format!("setting `{name}` is missing")))
    }

    /// The value of an optional setting as a type; `parse` tells what is wrong with it.
    pub fn take_as<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let value = self.take(name);
        value.map(|value| named(name, parse(&value))).transpose()
    }

    /// The value of a required setting as a type; `parse` tells what is wrong with it.
    pub fn require_as<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let value = self.require(name)?;
        named(name, parse(&value))
    }

    /// The value of an optional switch: `true` or `false`.
    pub fn take_switch(&mut self, name: &str) -> Result<Option<bool>, Error> {
        self.take_as(name, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(invalid(format!("`{}` is not true or false", excerpt(text)))),
        })
    }

    /// Refuses what no reader has taken, by name.
    pub fn finish(self) -> Result<(), Error> {
        let Some((name, _)) = self.unread.first() else {
            return Ok(());
        };
        let name = excerpt(name);
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("setting `{name}` is not one that this component knows"),
        ))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.unread.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

fn check_size(name: &str, value: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > MAX_NAME {
        let name = excerpt(name);
        return Err(invalid(format!(
            "setting name `{name}` is not of 1 to {MAX_NAME} bytes"
        )));
    }
    if value.len() > MAX_VALUE {
        let name = excerpt(name);
        return Err(invalid(format!(
            "setting `{name}` is longer than {MAX_VALUE} bytes"
        )));
    }
    Ok(())
}

fn named<T>(name: &str, parsed: Result<T, Error>) -> Result<T, Error> {
    parsed.map_err(|error| Error {
        message: format!("setting `{name}`: {}", error.message),
        ..error
    })
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn settings(list: &[(&str, &str)]) -> Result<Settings, Error> {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Settings::new(list.iter().map(owned).collect())
    }

    #[test]
    fn a_name_given_twice_is_invalid() {
        let error = settings(&[("a", "1"), ("b", "2"), ("a", "1")]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert_eq!(error.message, "setting `a` is given more than once");
    }

    #[test]
    fn a_missing_setting_is_named() {
        let error = settings(&[]).unwrap().require("endpoint").unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert_eq!(error.message, "setting `endpoint` is missing");
    }

    #[test]
    fn an_unknown_setting_is_unsupported_and_named() {
        let mut list = settings(&[("known", "1"), ("colour", "blue")]).unwrap();
        assert_eq!(
            list.take("known").map(|value| value.to_string()),
            Some("1".to_owned())
        );
        let error = list.finish().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.message.contains("`colour`"), "{error}");
        assert!(!error.message.contains("blue"), "{error}");
    }

    #[test]
    fn a_bad_value_is_reported_with_its_name() {
        let mut list = settings(&[("size", "x")]).unwrap();
        let error = list
            .require_as("size", |_| Err::<u8, _>(invalid("not a number".to_owned())))
            .unwrap_err();
        assert_eq!(error.message, "setting `size`: not a number");
    }

    #[test]
    fn values_are_not_shown() {
        let list = settings(&[("sse-customer-key", "hush")]).unwrap();
        assert_eq!(format!("{list:?}"), "{\"sse-customer-key\"}");
    }

    #[test]
    fn a_switch_is_true_or_false() {
        let mut list = settings(&[("a", "true"), ("b", "false"), ("c", "yes")]).unwrap();
        assert_eq!(list.take_switch("a"), Ok(Some(true)));
        assert_eq!(list.take_switch("b"), Ok(Some(false)));
        assert_eq!(list.take_switch("absent"), Ok(None));
        let error = list.take_switch("c").unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput);
        assert_eq!(error.message, "setting `c`: `yes` is not true or false");
    }

    #[test]
    fn too_many_or_too_long_settings_are_invalid() {
        let many = (0..=MAX_SETTINGS).map(|n| (n.to_string(), String::new()));
        let long_value = vec![("a".to_owned(), "x".repeat(MAX_VALUE + 1))];
        let long_name = vec![("a".repeat(MAX_NAME + 1), String::new())];
        let no_name = vec![(String::new(), String::new())];
        for list in [many.collect(), long_value, long_name, no_name] {
            let error = Settings::new(list).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput);
        }
    }

    proptest! {
        #[test]
        fn every_list_is_either_refused_or_wholly_readable(
            list in prop::collection::vec((".{0,4}", ".{0,8}"), 0..8)
        ) {
            let Ok(mut settings) = Settings::new(list.clone()) else { return Ok(()) };
            for (name, value) in list {
                prop_assert_eq!(settings.take(&name), Some(Zeroizing::new(value)));
            }
            prop_assert_eq!(settings.finish(), Ok(()));
        }
    }
}
