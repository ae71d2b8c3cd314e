//! URIs of keys on PKCS#11 tokens.

use std::fmt::{self, Debug, Display, Formatter};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::KeyReferenceError;

/// A PKCS#11 URI (RFC 7512), kept as written. Its attributes are for whoever
/// opens the token; here only its outer form is checked.
///
/// `Display` and `Debug` leave out the value of `pin-value`.
#[derive(Clone, PartialEq, Eq)]
pub struct Pkcs11Uri(Zeroizing<String>);

impl Pkcs11Uri {
    /// The whole URI, with the PIN if it has one: not for messages.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pkcs11Uri {
    type Err = KeyReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let attributes = text
            .strip_prefix(SCHEME)
            .ok_or(KeyReferenceError::Pkcs11Attribute)?;
        let mut attributes = attributes.split(SEPARATORS).filter(|part| !part.is_empty());
        // RFC 7512 §2.3: path attributes are joined by `;`, query attributes by
        // `&`, all are `name=value` in URI characters.
        let well_formed = |attribute: &str| {
            attribute.split_once('=').is_some_and(|(name, value)| {
                !name.is_empty()
                    && name
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                    && value.bytes().all(|b| b.is_ascii_graphic())
            })
        };
        if attributes.all(well_formed) {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(KeyReferenceError::Pkcs11Attribute)
        }
    }
}

const SCHEME: &str = "pkcs11:";
const SEPARATORS: [char; 3] = [';', '?', '&'];

impl Display for Pkcs11Uri {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(SEPARATORS) {
            match part.split_once('=') {
                Some(("pin-value" | "pkcs11:pin-value", pin)) => {
                    let end = pin.len() - pin.trim_end_matches(SEPARATORS).len();
                    f.write_str(part.strip_suffix(pin).unwrap_or_default())?;
                    write!(f, "***{}", &pin[pin.len() - end..])?;
                }
                _ => f.write_str(part)?,
            }
        }
        Ok(())
    }
}

impl Debug for Pkcs11Uri {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Pkcs11Uri({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::Pkcs11Uri;
    use crate::KeyReferenceError;

    #[test]
    fn the_pin_is_kept_but_not_shown() {
        for (uri, shown) in [
            (
                "pkcs11:token=ggl;object=key;pin-value=1234",
                "pkcs11:token=ggl;object=key;pin-value=***",
            ),
            (
                "pkcs11:object=key?pin-value=1234&module-path=/m.so",
                "pkcs11:object=key?pin-value=***&module-path=/m.so",
            ),
            ("pkcs11:pin-value=1234", "pkcs11:pin-value=***"),
            (
                "pkcs11:object=key;pin-source=file:/pin",
                "pkcs11:object=key;pin-source=file:/pin",
            ),
        ] {
            let parsed: Pkcs11Uri = uri.parse().unwrap();
            assert_eq!(parsed.expose(), uri);
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(format!("{parsed:?}"), format!("Pkcs11Uri({shown})"));
        }
    }

    #[test]
    fn attributes_must_have_names_and_printable_values() {
        for uri in [
            "pkcs11:object",
            "pkcs11:=key",
            "pkcs11:object=a b",
            "pkcs11:object=\u{7}",
            "object=key",
        ] {
            let error = uri.parse::<Pkcs11Uri>().unwrap_err();
            assert_eq!(error, KeyReferenceError::Pkcs11Attribute, "{uri}");
        }
    }

    proptest! {
        #[test]
        fn no_pin_is_ever_shown(pin in "[A-Z]{6,10}", before in "(token=t[;?])?", after in "([;&]x=y)?") {
            let uri: Pkcs11Uri = format!("pkcs11:{before}pin-value={pin}{after}").parse().unwrap();
            let shown = format!("{uri} {uri:?}");
            prop_assert!(!shown.contains(&pin));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "pkcs11:\\PC*") {
            let _: Result<Pkcs11Uri, _> = text.parse();
        }
    }
}
