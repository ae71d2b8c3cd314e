//! Finding what a URI means, or saying what there is instead.

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::{Slot, TokenInfo};
use sealift_config::{ObjectPattern, TokenPattern};

use super::error::{Found, TokenError};
use super::module::Library;

/// A token that is there.
pub(super) struct Token {
    pub(super) slot: Slot,
    pub(super) info: TokenInfo,
}

impl Token {
    /// The only token that the pattern matches.
    pub(super) fn find(library: &mut Library, pattern: &TokenPattern) -> Result<Self, TokenError> {
        let context = library.context()?;
        let tokens = tokens(&context).map_err(|error| library.failed(error))?;
        let (mut matching, others): (Vec<_>, Vec<_>) =
            tokens.into_iter().partition(|token| token.matches(pattern));
        match (matching.pop(), matching.as_slice()) {
            (Some(token), []) => Ok(token),
            (None, _) => Err(TokenError::NoToken {
                path: library.path().to_owned(),
                found: Found::new(others.iter().map(Self::describe)),
            }),
            (Some(last), _) => Err(TokenError::SeveralTokens {
                found: Found::new(matching.iter().chain([&last]).map(Self::describe)),
            }),
        }
    }

    /// The label as messages show it.
    pub(super) fn label(&self) -> String {
        printable(self.info.label())
    }

    /// What tells it from all other tokens.
    pub(super) fn identity(&self) -> String {
        format!("{} {}", self.info.label(), self.info.serial_number())
    }

    fn matches(&self, pattern: &TokenPattern) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        is(&pattern.label, self.info.label())
            && is(&pattern.manufacturer, self.info.manufacturer_id())
            && is(&pattern.model, self.info.model())
            && is(&pattern.serial, self.info.serial_number())
            && pattern.slot_id.is_none_or(|slot| slot == self.slot.id())
    }

    fn describe(&self) -> String {
        let serial = printable(self.info.serial_number());
        format!("`{}` (serial {serial}, slot {})", self.label(), self.slot)
    }
}

/// The tokens that hold something.
fn tokens(context: &Pkcs11) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    for slot in context.get_slots_with_token()?.into_iter().take(MOST_SLOTS) {
        match context.get_token_info(slot) {
            Ok(info) if info.token_initialized() => tokens.push(Token { slot, info }),
            Ok(_) => {}
            // One of several may be pulled out right now, or not be readable.
            Err(error) => tracing::debug!(%error, %slot, "a token cannot be read"),
        }
    }
    Ok(tokens)
}

/// More slots than any machine has readers.
const MOST_SLOTS: usize = 256;

/// An object on a token.
pub(super) struct Object {
    pub(super) handle: ObjectHandle,
    pub(super) id: Vec<u8>,
    pub(super) label: Vec<u8>,
}

impl Object {
    /// The objects of a class on a token.
    pub(super) fn all(session: &Session, class: ObjectClass) -> Result<Vec<Self>, Error> {
        session
            .find_objects(&[Attribute::Class(class), Attribute::Token(true)])?
            .into_iter()
            .take(MOST_OBJECTS)
            .map(|handle| {
                Ok(Self {
                    handle,
                    id: bytes(session, handle, AttributeType::Id)?.unwrap_or_default(),
                    label: bytes(session, handle, AttributeType::Label)?.unwrap_or_default(),
                })
            })
            .collect()
    }

    pub(super) fn matches(&self, pattern: &ObjectPattern) -> bool {
        let label = pattern.label.as_deref().map(str::as_bytes);
        label.is_none_or(|label| label == self.label)
            && pattern.id.as_ref().is_none_or(|id| *id == self.id)
    }

    pub(super) fn describe(&self) -> String {
        let label = printable(&String::from_utf8_lossy(&self.label));
        let digits = self.id.iter().map(|byte| format!("%{byte:02x}"));
        let id = digits.collect::<Vec<_>>().concat();
        match (label.as_str(), id.as_str()) {
            ("", "") => "one without label and id".to_owned(),
            ("", id) => format!("id={id}"),
            (label, "") => format!("`{label}`"),
            (label, id) => format!("`{label}` (id={id})"),
        }
    }
}

/// More objects of one class than any token has.
const MOST_OBJECTS: usize = 1024;

/// The only one of the objects that the pattern matches; else those that do, or
/// all if none does.
pub(super) fn only(objects: Vec<Object>, pattern: &ObjectPattern) -> Result<Object, Mismatch> {
    let (mut matching, others): (Vec<_>, Vec<_>) = objects
        .into_iter()
        .partition(|object| object.matches(pattern));
    match (matching.pop(), matching.as_slice()) {
        (Some(object), []) => Ok(object),
        (None, _) => Err(Mismatch::None(Found::new(
            others.iter().map(Object::describe),
        ))),
        (Some(last), _) => {
            matching.push(last);
            Err(Mismatch::Several(matching))
        }
    }
}

/// Not exactly one object.
pub(super) enum Mismatch {
    /// There are only these others.
    None(Found),
    /// All of these match.
    Several(Vec<Object>),
}

/// An attribute; none if the object or the token does not have it.
pub(super) fn attribute(
    session: &Session,
    object: ObjectHandle,
    wanted: AttributeType,
) -> Result<Option<Attribute>, Error> {
    match session.get_attributes(object, &[wanted]) {
        Ok(attributes) => Ok(attributes.into_iter().next()),
        Err(Error::Pkcs11(RvError::AttributeTypeInvalid | RvError::AttributeSensitive, _)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// An attribute that is bytes and not empty.
pub(super) fn bytes(
    session: &Session,
    object: ObjectHandle,
    wanted: AttributeType,
) -> Result<Option<Vec<u8>>, Error> {
    let bytes = attribute(session, object, wanted)?.and_then(|attribute| match attribute {
        Attribute::Id(bytes)
        | Attribute::Label(bytes)
        | Attribute::Value(bytes)
        | Attribute::Modulus(bytes)
        | Attribute::PublicExponent(bytes)
        | Attribute::EcParams(bytes)
        | Attribute::EcPoint(bytes) => Some(bytes),
        _ => None,
    });
    Ok(bytes.filter(|bytes| !bytes.is_empty()))
}

/// A text from a token that does no harm to a terminal.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
