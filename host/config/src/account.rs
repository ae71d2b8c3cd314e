//! A user or a group of this machine.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// A user or a group, by its name or its number. Whether there is one is for its user to find out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// The number of the user or group.
    Id(u32),
    /// The name, as in `/etc/passwd` or `/etc/group`.
    Name(String),
}

/// In characters: what `useradd` allows.
const LONGEST_NAME: usize = 32;

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // The largest number stands for "no user" in system calls.
            return match text.parse() {
                Ok(u32::MAX) | Err(_) => Err(AccountError::Number),
                Ok(id) => Ok(Self::Id(id)),
            };
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._@$-".contains(c);
        if text.is_empty() || text.starts_with('-') || !text.chars().all(allowed) {
            return Err(AccountError::Name);
        }
        if text.len() > LONGEST_NAME {
            return Err(AccountError::TooLong);
        }
        Ok(Self::Name(text.to_owned()))
    }
}

impl Display for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Not the name or number of a user or group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Too large a number.
    #[error("the number of a user or group is at most 4294967294")]
    Number,
    /// Empty, or with a character that no name has.
    #[error("must be the name or the number of a user or group")]
    Name,
    /// Too many characters.
    #[error("the name of a user or group has at most 32 characters")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Account, AccountError};

    #[test]
    fn digits_are_a_number_and_anything_else_a_name() {
        assert_eq!("1000".parse(), Ok(Account::Id(1000)));
        assert_eq!("www-data".parse(), Ok(Account::Name("www-data".into())));
        assert_eq!("1st".parse(), Ok(Account::Name("1st".into())));
    }

    #[test]
    fn refuses_what_no_account_is_called() {
        for (text, error) in [
            ("", AccountError::Name),
            ("a b", AccountError::Name),
            ("-x", AccountError::Name),
            ("a:b", AccountError::Name),
            ("../x", AccountError::Name),
            ("4294967295", AccountError::Number),
            ("99999999999", AccountError::Number),
        ] {
            assert_eq!(text.parse::<Account>(), Err(error), "{text}");
        }
        let long = "x".repeat(33).parse::<Account>();
        assert_eq!(long, Err(AccountError::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_account(text in "[a-z0-9._-]{1,40}") {
            if let Ok(account) = text.parse::<Account>() {
                prop_assert_eq!(account.to_string().parse(), Ok(account));
            }
        }
    }
}
