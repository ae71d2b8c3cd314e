//! Names that AWS gives, checked by AWS's own rules.

/// Defines a name of a limited number of characters out of a set.
macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $what:literal, $most:literal of $set:literal, $allowed:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::names::check(text, $what, $most, $set, $allowed)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of an AWS IoT thing (AWS IoT API reference, `CreateThing`):
    /// 1–128 of `[a-zA-Z0-9:_-]`.
    ThingName, "a thing name", 128 of "a-z A-Z 0-9 : _ -",
    |c| c.is_ascii_alphanumeric() || ":_-".contains(c)
}

name! {
    /// The name of an AWS IoT role alias (AWS IoT API reference,
    /// `CreateRoleAlias`): 1–128 of `[\w=,@-]`.
    RoleAlias, "a role alias", 128 of "a-z A-Z 0-9 _ = , @ -",
    |c| c.is_ascii_alphanumeric() || "_=,@-".contains(c)
}

pub(crate) fn check(
    text: &str,
    what: &'static str,
    most: usize,
    set: &'static str,
    allowed: fn(char) -> bool,
) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    if let Some(found) = text.chars().find(|c| !allowed(*c)) {
        return Err(NameError::Character { what, set, found });
    }
    if text.len() > most {
        return Err(NameError::TooLong { what, most });
    }
    Ok(())
}

/// Not a name by AWS's rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No characters.
    #[error("{what} must not be empty")]
    Empty {
        /// Which name.
        what: &'static str,
    },
    /// A character that the name cannot have.
    #[error("{what} cannot have the character {found:?}; allowed are {set}")]
    Character {
        /// Which name.
        what: &'static str,
        /// The characters it can have.
        set: &'static str,
        /// The one it has.
        found: char,
    },
    /// Too many characters.
    #[error("{what} has at most {most} characters")]
    TooLong {
        /// Which name.
        what: &'static str,
        /// How many it can have.
        most: usize,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{NameError, RoleAlias, ThingName};

    #[test]
    fn a_name_that_would_leave_its_path_segment_is_refused() {
        let parse = |text: &str| text.parse::<RoleAlias>().unwrap_err();
        for (text, bad) in [
            ("../other", '.'),
            ("a/b", '/'),
            ("a%2fb", '%'),
            ("a?b", '?'),
            ("ä", 'ä'),
        ] {
            assert!(
                matches!(parse(text), NameError::Character { found, .. } if found == bad),
                "{text}"
            );
        }
        assert!(matches!(parse(""), NameError::Empty { .. }));
    }

    #[test]
    fn the_longest_name_has_128_characters() {
        assert!("x".repeat(128).parse::<ThingName>().is_ok());
        let error = "x".repeat(129).parse::<ThingName>().unwrap_err();
        assert!(matches!(error, NameError::TooLong { .. }));
    }

    proptest! {
        #[test]
        fn every_name_of_the_rule_is_taken_as_it_is(thing in "[a-zA-Z0-9:_-]{1,128}", alias in "[a-zA-Z0-9_=,@-]{1,128}") {
            prop_assert_eq!(thing.parse::<ThingName>().unwrap().to_string(), thing);
            prop_assert_eq!(alias.parse::<RoleAlias>().unwrap().to_string(), alias);
        }
    }
}
