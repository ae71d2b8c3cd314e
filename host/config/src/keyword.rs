//! Settings that are one of a few words.

use std::fmt::{self, Display, Formatter};

use crate::suggestion::nearest;

/// Defines an enum whose variants are the words of a setting.
macro_rules! keyword {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word that stands for the value in the configuration.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownKeyword;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::UnknownKeyword::new(text, &[$($word),+])),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// A word that is none of those a setting knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKeyword {
    found: String,
    known: &'static [&'static str],
}

impl UnknownKeyword {
    pub(crate) fn new(found: &str, known: &'static [&'static str]) -> Self {
        Self {
            found: found.to_owned(),
            known,
        }
    }
}

impl Display for UnknownKeyword {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is none of {}",
            self.found.escape_debug(),
            self.known.join(", ")
        )?;
        match nearest(&self.found, self.known.iter().copied()) {
            Some(word) => write!(f, "; did you mean `{word}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownKeyword {}
