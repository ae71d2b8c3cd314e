//! URIs of objects on PKCS#11 tokens.

use std::fmt::{self, Debug, Display, Formatter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A PKCS#11 URI (RFC 7512): which token, which object on it, and how to get at
/// them.
///
/// `Display` and `Debug` leave out the value of `pin-value`. Clones share it.
#[derive(Clone, PartialEq, Eq)]
pub struct Pkcs11Uri(Arc<Attributes>);

#[derive(Clone, PartialEq, Eq)]
struct Attributes {
    /// The URI as written, but for its PIN.
    shown: String,
    token: TokenPattern,
    object: ObjectPattern,
    pin: Option<PinSource>,
    module_path: Option<PathBuf>,
}

/// What a token must be; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenPattern {
    /// `token`: its label.
    pub label: Option<String>,
    /// `manufacturer`: who made it.
    pub manufacturer: Option<String>,
    /// `model`: its model.
    pub model: Option<String>,
    /// `serial`: its serial number.
    pub serial: Option<String>,
    /// `slot-id`: the slot it is in. Modules may number slots anew at each start.
    pub slot_id: Option<u64>,
}

/// What an object must be; what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectPattern {
    /// `object`: its label (`CKA_LABEL`).
    pub label: Option<String>,
    /// `id`: its identifier (`CKA_ID`), which a key, its public half and its
    /// certificate have in common.
    pub id: Option<Vec<u8>>,
    /// `type`: its class.
    pub class: Option<ObjectClass>,
}

/// The class of an object, by its name in URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectClass {
    /// `private`
    PrivateKey,
    /// `cert`
    Certificate,
    /// `public`, `secret-key` or `data`, none of which we use.
    Other,
}

/// Where the PIN of a token comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum PinSource {
    /// `pin-value`: the URI itself.
    Value(Zeroizing<String>),
    /// `pin-source=file:/…`: this file.
    File(PathBuf),
    /// `pin-source=NAME`: this file of systemd's `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

impl Pkcs11Uri {
    /// Which token it is on.
    pub fn token(&self) -> &TokenPattern {
        &self.0.token
    }

    /// Which object it is.
    pub fn object(&self) -> &ObjectPattern {
        &self.0.object
    }

    /// The same for the object with this identifier (`CKA_ID`) alone.
    #[must_use]
    pub fn with_id(&self, id: &[u8]) -> Self {
        if self.0.object.id.is_some() {
            return self.clone();
        }
        let mut narrowed = Attributes::clone(&self.0);
        narrowed.object.id = Some(id.to_owned());
        let digits = id.iter().fold(String::new(), |mut digits, byte| {
            // Writing to a string does not fail.
            let _ = write!(digits, "%{byte:02x}");
            digits
        });
        let path = narrowed.shown.find('?').unwrap_or(narrowed.shown.len());
        narrowed.shown.insert_str(path, &format!(";id={digits}"));
        Self(Arc::new(narrowed))
    }

    /// Where the token's PIN comes from.
    pub fn pin(&self) -> Option<&PinSource> {
        self.0.pin.as_ref()
    }

    /// The module that knows the token, as an absolute path.
    pub fn module_path(&self) -> Option<&Path> {
        self.0.module_path.as_deref()
    }
}

impl FromStr for Pkcs11Uri {
    type Err = Pkcs11UriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let attributes = text.strip_prefix(SCHEME).ok_or(Pkcs11UriError::Form)?;
        let (path, query) = attributes.split_once('?').unwrap_or((attributes, ""));
        let mut read = Attributes {
            shown: SCHEME.to_owned(),
            token: TokenPattern::default(),
            object: ObjectPattern::default(),
            pin: None,
            module_path: None,
        };
        // RFC 7512 §2.3 has the PIN and the module in the query. AWS's own tools
        // are given `pin-value` in the path, so it is taken from both.
        let mut seen = Vec::new();
        for (mut between, separator, attributes) in [("", ";", path), ("?", "&", query)] {
            for attribute in attributes.split(separator).filter(|part| !part.is_empty()) {
                let (name, value) = attribute.split_once('=').ok_or(Pkcs11UriError::Form)?;
                if seen.contains(&name) {
                    return Err(Pkcs11UriError::Twice(known(name)?));
                }
                seen.push(name);
                read.set(known(name)?, &decode(known(name)?, value)?)?;
                let value = if name == "pin-value" { "***" } else { value };
                read.shown.extend([between, name, "=", value]);
                between = separator;
            }
        }
        Ok(Self(Arc::new(read)))
    }
}

const SCHEME: &str = "pkcs11:";

/// The attributes that we know: those of RFC 7512 that narrow down a token or an
/// object. The name of one that we do not know is not worth the risk of
/// repeating what may be a PIN.
const ATTRIBUTES: [&str; 11] = [
    "token",
    "manufacturer",
    "model",
    "serial",
    "slot-id",
    "object",
    "id",
    "type",
    "pin-source",
    "pin-value",
    "module-path",
];

fn known(name: &str) -> Result<&'static str, Pkcs11UriError> {
    ATTRIBUTES
        .into_iter()
        .find(|known| *known == name)
        .ok_or(Pkcs11UriError::Unknown)
}

impl Attributes {
    fn set(&mut self, name: &'static str, value: &[u8]) -> Result<(), Pkcs11UriError> {
        if name == "id" {
            self.object.id = Some(value.to_vec());
            return Ok(());
        }
        let text = str::from_utf8(value).map_err(|_| Pkcs11UriError::Encoding(name))?;
        let owned = || Some(text.to_owned());
        match name {
            "token" => self.token.label = owned(),
            "manufacturer" => self.token.manufacturer = owned(),
            "model" => self.token.model = owned(),
            "serial" => self.token.serial = owned(),
            "slot-id" => {
                let number = text.parse().map_err(|_| Pkcs11UriError::SlotId)?;
                self.token.slot_id = Some(number);
            }
            "object" => self.object.label = owned(),
            "type" => self.object.class = Some(ObjectClass::of(text)?),
            "module-path" => {
                let path = PathBuf::from(text);
                // The loader would look for any other in directories of its own choice.
                if !path.is_absolute() {
                    return Err(Pkcs11UriError::ModulePath);
                }
                self.module_path = Some(path);
            }
            _ => {
                let pin = match name {
                    "pin-value" => PinSource::Value(Zeroizing::new(text.to_owned())),
                    _ => PinSource::of(text)?,
                };
                // RFC 7512 §2.4: a URI with both is refused.
                if self.pin.replace(pin).is_some() {
                    return Err(Pkcs11UriError::TwoPins);
                }
            }
        }
        Ok(())
    }
}

impl ObjectClass {
    fn of(name: &str) -> Result<Self, Pkcs11UriError> {
        match name {
            "private" => Ok(Self::PrivateKey),
            "cert" => Ok(Self::Certificate),
            "public" | "secret-key" | "data" => Ok(Self::Other),
            _ => Err(Pkcs11UriError::Type),
        }
    }
}

impl PinSource {
    /// A program to run, which RFC 7512 allows as well, is none of them.
    fn of(text: &str) -> Result<Self, Pkcs11UriError> {
        let path = text.strip_prefix("file://").unwrap_or(text);
        let path = Path::new(path.strip_prefix("file:").unwrap_or(path));
        let is_name =
            |text: &str| !matches!(text, "" | "." | "..") && !text.contains(['/', ':', '|', '\0']);
        if path.is_absolute() {
            Ok(Self::File(path.to_owned()))
        } else if is_name(text) {
            Ok(Self::Credential(text.to_owned()))
        } else {
            Err(Pkcs11UriError::PinSource)
        }
    }
}

/// Decodes `%` and two hexadecimal digits (RFC 3986 §2.1). Wiped when dropped,
/// since it may be a PIN.
fn decode(name: &'static str, value: &str) -> Result<Zeroizing<Vec<u8>>, Pkcs11UriError> {
    let malformed = Pkcs11UriError::Encoding(name);
    let mut decoded = Zeroizing::new(Vec::with_capacity(value.len()));
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next()), digit(bytes.next()));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(malformed);
                };
                u8::try_from(high << 4 | low).map_err(|_| malformed.clone())?
            }
            byte if byte.is_ascii_graphic() => byte,
            _ => return Err(malformed),
        });
    }
    Ok(decoded)
}

impl Display for Pkcs11Uri {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.shown)
    }
}

impl Debug for Pkcs11Uri {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Pkcs11Uri({self})")
    }
}

/// Shows where the PIN comes from, never the PIN.
impl Debug for PinSource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(***)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Credential(name) => f.debug_tuple("Credential").field(name).finish(),
        }
    }
}

/// Not a PKCS#11 URI that we can use. Never quotes a value, since it may be a PIN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs11UriError {
    /// Not `name=value` pairs.
    #[error(
        "a PKCS#11 URI is pkcs11: and name=value pairs joined by `;`, such as pkcs11:token=t;object=key (RFC 7512)"
    )]
    Form,
    /// An attribute that we do not know, and that may be what matters.
    #[error("the PKCS#11 URI has an unknown attribute; known are {}", ATTRIBUTES.join(", "))]
    Unknown,
    /// The same attribute again.
    #[error("the PKCS#11 URI has `{0}` twice")]
    Twice(&'static str),
    /// Characters that do not belong into a URI.
    #[error(
        "`{0}` of the PKCS#11 URI is not encoded properly; write a space as %20, a `;` as %3B and a `%` as %25"
    )]
    Encoding(&'static str),
    /// A slot that is no number.
    #[error("`slot-id` of the PKCS#11 URI must be a decimal number")]
    SlotId,
    /// A class that RFC 7512 does not know.
    #[error("`type` of the PKCS#11 URI must be `private` for a key or `cert` for a certificate")]
    Type,
    /// A relative path.
    #[error("`module-path` of the PKCS#11 URI must be an absolute path")]
    ModulePath,
    /// Neither a file nor a name.
    #[error(
        "`pin-source` of the PKCS#11 URI must be file: and an absolute path, or the name of a systemd credential"
    )]
    PinSource,
    /// Two sources of the PIN.
    #[error("the PKCS#11 URI has both `pin-source` and `pin-value`; write one of them")]
    TwoPins,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use proptest::prelude::*;
    use zeroize::Zeroizing;

    use super::{ObjectClass, PinSource, Pkcs11Uri, Pkcs11UriError};

    fn parse(text: &str) -> Result<Pkcs11Uri, Pkcs11UriError> {
        text.parse()
    }

    fn pin(text: &str) -> Option<PinSource> {
        parse(text).unwrap().pin().cloned()
    }

    #[test]
    fn attributes_are_decoded() {
        let uri = parse(
            "pkcs11:token=The%20token;manufacturer=m;model=o;serial=01;slot-id=7;\
             object=%C3%BC;id=%00%fF;type=private?module-path=/usr/lib/m.so&pin-source=file:/run/pin",
        )
        .unwrap();
        let token = uri.token();
        assert_eq!(token.label.as_deref(), Some("The token"));
        assert_eq!(token.manufacturer.as_deref(), Some("m"));
        assert_eq!(token.model.as_deref(), Some("o"));
        assert_eq!(token.serial.as_deref(), Some("01"));
        assert_eq!(token.slot_id, Some(7));
        assert_eq!(uri.object().label.as_deref(), Some("ü"));
        assert_eq!(uri.object().id.as_deref(), Some(&[0, 0xff][..]));
        assert_eq!(uri.object().class, Some(ObjectClass::PrivateKey));
        assert_eq!(uri.module_path(), Some(Path::new("/usr/lib/m.so")));
        assert_eq!(uri.pin(), Some(&PinSource::File("/run/pin".into())));
    }

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
            ("pkcs11:pin-value=%31234", "pkcs11:pin-value=***"),
        ] {
            let parsed = parse(uri).unwrap();
            let value = Zeroizing::new("1234".to_owned());
            assert_eq!(parsed.pin(), Some(&PinSource::Value(value)));
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(format!("{parsed:?}"), format!("Pkcs11Uri({shown})"));
            assert_eq!(format!("{:?}", parsed.pin().unwrap()), "Value(***)");
        }
    }

    #[test]
    fn a_pin_comes_from_a_file_or_from_a_credential_and_from_no_program() {
        let file = Some(PinSource::File("/run/pin".into()));
        for source in ["file:/run/pin", "file:///run/pin", "/run/pin"] {
            assert_eq!(pin(&format!("pkcs11:pin-source={source}")), file);
        }
        let credential = Some(PinSource::Credential("token-pin".into()));
        assert_eq!(pin("pkcs11:object=key?pin-source=token-pin"), credential);
        for source in ["|/bin/pin", "%7C/bin/pin", "file:pin", "a/b", "..", ""] {
            let error = parse(&format!("pkcs11:pin-source={source}"));
            assert_eq!(error, Err(Pkcs11UriError::PinSource), "{source}");
        }
    }

    #[test]
    fn each_mistake_is_told_apart() {
        for (uri, error) in [
            ("object=key", Pkcs11UriError::Form),
            ("pkcs11:object", Pkcs11UriError::Form),
            ("pkcs11:=key", Pkcs11UriError::Unknown),
            ("pkcs11:objekt=key", Pkcs11UriError::Unknown),
            ("pkcs11:object=a;object=b", Pkcs11UriError::Twice("object")),
            ("pkcs11:object=a b", Pkcs11UriError::Encoding("object")),
            ("pkcs11:object=%4", Pkcs11UriError::Encoding("object")),
            ("pkcs11:object=%+4", Pkcs11UriError::Encoding("object")),
            ("pkcs11:object=%ff", Pkcs11UriError::Encoding("object")),
            ("pkcs11:slot-id=0x1", Pkcs11UriError::SlotId),
            ("pkcs11:type=key", Pkcs11UriError::Type),
            ("pkcs11:?module-path=m.so", Pkcs11UriError::ModulePath),
            ("pkcs11:pin-value=1?pin-source=p", Pkcs11UriError::TwoPins),
        ] {
            assert_eq!(parse(uri), Err(error), "{uri}");
        }
    }

    proptest! {
        #[test]
        fn no_pin_is_ever_shown(pin in "[A-Z]{6,10}", before in "(token=t[;?])?", after in "(;object=x|&module-path=/m|=;y|%x)?") {
            let shown = match parse(&format!("pkcs11:{before}pin-value={pin}{after}")) {
                Ok(uri) => format!("{uri} {uri:?} {:?}", uri.pin()),
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!shown.contains(&pin));
        }

        #[test]
        fn what_is_shown_without_a_pin_parses_to_the_same(text in "pkcs11:(token=[a-z%2]{1,4};?)?(id=(%[0-9a-f]{2}){1,3})?(\\?pin-source=/p)?") {
            if let Ok(uri) = parse(&text) {
                prop_assert_eq!(parse(&uri.to_string()), Ok(uri));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "pkcs11:\\PC*") {
            let _ = parse(&text);
        }
    }
}
