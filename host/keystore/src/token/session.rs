//! A key on a token that is open: found, logged in to, and able to sign.

use std::path::PathBuf;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use sealift_config::Pkcs11Uri;

use super::error::{Found, TokenError, Tries};
use super::module::Library;
use super::pin::{self, Pin};
use super::public_key::PublicKey;
use super::recipe::Recipe;
use super::search::{Mismatch, Object, Token, attribute, only};

/// How to get at a key.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) uri: Pkcs11Uri,
    pub(super) credentials: Option<PathBuf>,
    /// Which key is meant where the URI fits several, as it does while one takes another's place.
    pub(super) public_key: Option<SubjectPublicKeyInfoDer<'static>>,
}

/// An open key. Lives on its module's thread.
pub(super) struct OpenKey {
    session: Session,
    key: ObjectHandle,
    /// Whether the token wants the PIN for each signature.
    always_authenticate: bool,
}

/// What there is to know of a key when it is opened.
pub(super) struct KeyFacts {
    pub(super) token: String,
    pub(super) public_key: PublicKey,
    /// What the token can, and the key may, sign with.
    pub(super) mechanisms: Vec<MechanismType>,
    /// Whether signing takes several steps.
    pub(super) in_steps: bool,
}

impl Access {
    /// Opens a session with the token, logged in if that is wanted here and there.
    pub(super) fn session(
        &self,
        library: &mut Library,
        log_in: bool,
    ) -> Result<(Token, Session), TokenError> {
        self.session_by(library, log_in, Pkcs11::open_ro_session)
    }

    /// Opens a session that changes what is on the token.
    pub(super) fn session_to_write(
        &self,
        library: &mut Library,
    ) -> Result<(Token, Session), TokenError> {
        self.session_by(library, true, Pkcs11::open_rw_session)
    }

    fn session_by(
        &self,
        library: &mut Library,
        log_in: bool,
        open: impl FnOnce(&Pkcs11, Slot) -> Result<Session, Error>,
    ) -> Result<(Token, Session), TokenError> {
        let token = Token::find(library, self.uri.token())?;
        let context = library.context()?;
        let session = open(&context, token.slot);
        let session = session.map_err(|error| library.failed(error))?;
        if log_in && token.info.login_required() {
            self.log_in(library, &token, &session)?;
        }
        Ok((token, session))
    }

    /// Opens the key.
    ///
    /// If it is not there, or is another than the one that is wanted, it is looked for once more with the module
    /// left in between: some, such as tpm2-pkcs11, see what other processes have put on a token only when they
    /// are entered.
    pub(super) fn open(&self, library: &mut Library) -> Result<(OpenKey, KeyFacts), TokenError> {
        let stale = library.is_entered();
        let opened = self.open_as_seen(library);
        if !stale || self.is_wanted(&opened) {
            return opened;
        }
        drop(opened);
        library.reset();
        self.open_as_seen(library)
    }

    /// Whether what was opened, or not, is nothing to look again for.
    fn is_wanted(&self, opened: &Result<(OpenKey, KeyFacts), TokenError>) -> bool {
        match (opened, &self.public_key) {
            (Ok((_, facts)), Some(wanted)) => {
                !matches!(&facts.public_key, PublicKey::Known(found) if found != wanted)
            }
            (Ok(_), None) => true,
            (Err(error), _) => !matches!(
                error,
                TokenError::NoKey { .. }
                    | TokenError::SeveralKeys { .. }
                    | TokenError::NoToken { .. }
            ),
        }
    }

    fn open_as_seen(&self, library: &mut Library) -> Result<(OpenKey, KeyFacts), TokenError> {
        let (token, session) = self.session(library, true)?;
        let name = || token.label();
        let failed = |error| library.failed(error);
        let keys = Object::all(&session, ObjectClass::PRIVATE_KEY).map_err(failed)?;
        let object = match only(keys, self.uri.object()) {
            Ok(object) => object,
            Err(Mismatch::None(found)) => {
                return Err(TokenError::NoKey {
                    token: name(),
                    found,
                });
            }
            Err(Mismatch::Several(objects)) => {
                let found = Found::new(objects.iter().map(Object::describe));
                let own = self.own(&session, objects).map_err(failed)?;
                own.ok_or_else(|| TokenError::SeveralKeys {
                    token: name(),
                    found,
                })?
            }
        };
        let flag = |wanted| attribute(&session, object.handle, wanted).map_err(failed);
        if let Some(Attribute::Sign(false)) = flag(AttributeType::Sign)? {
            return Err(TokenError::NotForSigning { token: name() });
        }
        let always = flag(AttributeType::AlwaysAuthenticate)?;
        let always_authenticate = matches!(always, Some(Attribute::AlwaysAuthenticate(true)));
        let public_key = PublicKey::of(&session, &object).map_err(failed)?;
        let allowed = flag(AttributeType::AllowedMechanisms)?;
        let mut mechanisms = mechanisms(library, &token)?;
        if let Some(Attribute::AllowedMechanisms(allowed)) = allowed
            && !allowed.is_empty()
        {
            mechanisms.retain(|mechanism| allowed.contains(mechanism));
        }
        let facts = KeyFacts {
            token: name(),
            public_key,
            mechanisms,
            in_steps: always_authenticate,
        };
        let open = OpenKey {
            session,
            key: object.handle,
            always_authenticate,
        };
        Ok((open, facts))
    }

    /// The one of the keys that is meant by its public half.
    fn own(&self, session: &Session, keys: Vec<Object>) -> Result<Option<Object>, Error> {
        let Some(wanted) = &self.public_key else {
            return Ok(None);
        };
        for key in keys {
            if matches!(PublicKey::of(session, &key)?, PublicKey::Known(found) if found == *wanted)
            {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// Logs in, unless the application already is: a login is for all sessions
    /// with a token.
    fn log_in(
        &self,
        library: &mut Library,
        token: &Token,
        session: &Session,
    ) -> Result<(), TokenError> {
        let state = session.get_session_info().map(|info| info.session_state());
        if let Ok(SessionState::RoUser | SessionState::RwUser) = state {
            return Ok(());
        }
        let pin = self.pin(library, token)?;
        match session.login(UserType::User, Some(&pin.secret)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => Err(refusal(library, token, pin, error)),
        }
    }

    /// The PIN, if it may be tried: no token is ever brought nearer to its lock by
    /// trying the same wrong PIN again, nor locked by the last try.
    fn pin(&self, library: &Library, token: &Token) -> Result<Pin, TokenError> {
        let name = || token.label();
        let pin = pin::read(&self.uri, self.credentials.as_deref())?;
        let Some(pin) = pin else {
            return Err(if token.info.protected_authentication_path() {
                TokenError::PinPad { token: name() }
            } else {
                TokenError::PinMissing { token: name() }
            });
        };
        if token.info.user_pin_locked() {
            return Err(TokenError::PinLocked { token: name() });
        }
        let refused = (token.identity(), pin.stamp.clone());
        if library.refused_pins.contains(&refused) {
            return Err(TokenError::PinRefusedBefore {
                token: name(),
                origin: pin.origin,
            });
        }
        if token.info.user_pin_final_try() {
            return Err(TokenError::LastTry { token: name() });
        }
        Ok(pin)
    }
}

/// What it means that a token did not log us in. A PIN that it refused is
/// remembered.
fn refusal(library: &mut Library, token: &Token, pin: Pin, error: Error) -> TokenError {
    let name = token.label();
    match error {
        Error::Pkcs11(RvError::PinLocked, _) => TokenError::PinLocked { token: name },
        Error::Pkcs11(
            RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired,
            _,
        ) => {
            library
                .refused_pins
                .retain(|(other, _)| *other != token.identity());
            library.refused_pins.push((token.identity(), pin.stamp));
            let context = library.context();
            let info = context
                .ok()
                .and_then(|context| context.get_token_info(token.slot).ok());
            let origin = pin.origin;
            match info {
                Some(info) if info.user_pin_locked() => TokenError::PinLocked { token: name },
                info => TokenError::PinWrong {
                    token: name,
                    origin,
                    tries: match info {
                        Some(info) if info.user_pin_final_try() => Tries::One,
                        Some(info) if info.user_pin_count_low() => Tries::Fewer,
                        _ => Tries::Unknown,
                    },
                },
            }
        }
        error => library.failed(error),
    }
}

/// The mechanisms of a token that sign.
fn mechanisms(library: &mut Library, token: &Token) -> Result<Vec<MechanismType>, TokenError> {
    let context = library.context()?;
    let all = context.get_mechanism_list(token.slot);
    let mut mechanisms = all.map_err(|error| library.failed(error))?;
    mechanisms.retain(|mechanism| {
        let info = context.get_mechanism_info(token.slot, *mechanism);
        info.is_ok_and(|info| info.sign())
    });
    Ok(mechanisms)
}

impl OpenKey {
    fn sign(
        &self,
        library: &mut Library,
        access: &Access,
        recipe: Recipe,
        input: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let mechanism = recipe.mechanism();
        let signature = if self.always_authenticate {
            let token = Token::find(library, access.uri.token())?;
            let pin = access.pin(library, &token)?;
            let begun = self.session.sign_init(&mechanism, self.key);
            begun.map_err(|error| library.failed(error))?;
            // PKCS#11 v3.1 §5.6.8: the login for one signature comes after its beginning.
            if let Err(error) = self
                .session
                .login(UserType::ContextSpecific, Some(&pin.secret))
            {
                return Err(refusal(library, &token, pin, error));
            }
            let updated = self.session.sign_update(input);
            updated.and_then(|()| self.session.sign_final())
        } else {
            self.session.sign(&mechanism, self.key, input)
        };
        signature.map_err(|error| library.failed(error))
    }
}

/// Signs with the key of that number. If its token was away, the key is opened
/// again, once, and must be the same.
pub(super) fn sign(
    library: &mut Library,
    number: u64,
    access: &Access,
    public_key: &SubjectPublicKeyInfoDer<'_>,
    recipe: Recipe,
    input: &[u8],
) -> Result<Vec<u8>, TokenError> {
    if let Some(key) = library.keys.remove(&number) {
        match key.sign(library, access, recipe, input) {
            Ok(signature) => {
                library.keys.insert(number, key);
                return Ok(signature);
            }
            Err(error) if was_away(&error) => {
                tracing::info!(%error, "the token was away; opening it again");
                drop(key);
                library.reset();
            }
            Err(error) => return Err(error),
        }
    }
    let (key, facts) = access.open(library)?;
    if let PublicKey::Known(found) = &facts.public_key
        && found != public_key
    {
        return Err(TokenError::Exchanged { token: facts.token });
    }
    let signature = key.sign(library, access, recipe, input)?;
    library.keys.insert(number, key);
    Ok(signature)
}

/// Whether a failure is one that opening the token again may cure.
fn was_away(error: &TokenError) -> bool {
    let TokenError::Module {
        source: Error::Pkcs11(answer, _),
        ..
    } = error
    else {
        return false;
    };
    matches!(
        answer,
        RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::UserNotLoggedIn
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::DeviceRemoved
            | RvError::DeviceError
            | RvError::SlotIdInvalid
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
            | RvError::CryptokiNotInitialized
            // What a TPM's module says when the TPM was restarted.
            | RvError::GeneralError
    )
}
