//! What Roles Anywhere and IAM know: a trust anchor, a profile and its role.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::refusal::AccountFault;
use super::session::SessionRequest;
use crate::{PROFILE_ARN, ROLE_ARN, TRUST_ANCHOR_ARN};

/// How Roles Anywhere and its role are set up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RolesAnywhere {
    /// What is at [`TRUST_ANCHOR_ARN`].
    pub trust_anchor: TrustAnchor,
    /// What is at [`PROFILE_ARN`].
    pub profile: Profile,
    /// What is at [`ROLE_ARN`].
    pub role: Role,
}

/// A trust anchor. Its certificate is that of the local cloud's [`Authority`](crate::Authority).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustAnchor {
    /// Whether it is on (`enable-trust-anchor`).
    pub enabled: bool,
}

/// A profile. How long its sessions last at most is
/// [`Settings::credential_ttl`](crate::Settings::credential_ttl).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Whether it is on (`enable-profile`).
    pub enabled: bool,
    /// Whether [`ROLE_ARN`] is among its roles (`roleArns`).
    pub lists_role: bool,
    /// Whether requests may name their session (`acceptRoleSessionName`).
    pub accepts_role_session_name: bool,
}

/// An IAM role, as Roles Anywhere meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// Whether it trusts `rolesanywhere.amazonaws.com`.
    pub assumable: bool,
    /// The longest session that it allows (`MaxSessionDuration`).
    pub max_session_duration: Duration,
}

/// Enabled, as the console makes it.
impl Default for TrustAnchor {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Enabled, with the role, and without session names: they are off on AWS unless asked for.
impl Default for Profile {
    fn default() -> Self {
        Self {
            enabled: true,
            lists_role: true,
            accepts_role_session_name: false,
        }
    }
}

/// Assumable, for sessions as long as IAM allows.
impl Default for Role {
    fn default() -> Self {
        Self {
            assumable: true,
            max_session_duration: MAX_DURATION,
        }
    }
}

/// The limit of IAM and of Roles Anywhere.
const MAX_DURATION: Duration = Duration::from_hours(12);

/// What Roles Anywhere and IAM know. Every change takes effect with the next request.
#[derive(Debug)]
pub(crate) struct Account {
    state: Mutex<RolesAnywhere>,
    /// `durationSeconds` of the profile.
    profile_duration: Duration,
}

impl Account {
    pub(crate) fn new(state: RolesAnywhere, credential_ttl: Duration) -> Self {
        Self {
            state: Mutex::new(state),
            profile_duration: credential_ttl.min(MAX_DURATION),
        }
    }

    pub(crate) fn set(&self, state: RolesAnywhere) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn state(&self) -> RolesAnywhere {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether certificates can be held against the trust anchor that a request names.
    pub(super) fn trust_anchor(&self, request: &SessionRequest) -> Result<(), AccountFault> {
        if request.trust_anchor_arn != TRUST_ANCHOR_ARN {
            return Err(AccountFault::NoSuchTrustAnchor);
        }
        if !self.state().trust_anchor.enabled {
            return Err(AccountFault::TrustAnchorDisabled);
        }
        Ok(())
    }

    /// How long the session may last that a certificate of the trust anchor asks for.
    pub(super) fn assume(&self, request: &SessionRequest) -> Result<Duration, AccountFault> {
        let RolesAnywhere { profile, role, .. } = self.state();
        if request.profile_arn != PROFILE_ARN {
            return Err(AccountFault::NoSuchProfile);
        }
        if !profile.enabled {
            return Err(AccountFault::ProfileDisabled);
        }
        if request.role_arn != ROLE_ARN || !profile.lists_role {
            return Err(AccountFault::RoleNotInProfile);
        }
        if request.role_session_name.is_some() && !profile.accepts_role_session_name {
            return Err(AccountFault::RoleSessionName);
        }
        if !role.assumable {
            return Err(AccountFault::Role);
        }
        let asked = request.duration.unwrap_or(self.profile_duration);
        let duration = asked.min(self.profile_duration);
        if duration > role.max_session_duration {
            return Err(AccountFault::Duration);
        }
        Ok(duration)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn request(duration: Option<Duration>) -> SessionRequest {
        SessionRequest {
            trust_anchor_arn: TRUST_ANCHOR_ARN.to_owned(),
            profile_arn: PROFILE_ARN.to_owned(),
            role_arn: ROLE_ARN.to_owned(),
            duration,
            role_session_name: None,
        }
    }

    #[test]
    fn a_session_lasts_the_shorter_of_what_is_asked_and_what_the_profile_gives() {
        let account = Account::new(RolesAnywhere::default(), 2 * HOUR);
        let assume = |asked| account.assume(&request(asked));
        assert_eq!(assume(None), Ok(2 * HOUR));
        assert_eq!(assume(Some(HOUR)), Ok(HOUR));
        assert_eq!(assume(Some(3 * HOUR)), Ok(2 * HOUR));
        let longest = Account::new(RolesAnywhere::default(), 100 * HOUR);
        assert_eq!(longest.assume(&request(None)), Ok(12 * HOUR));
    }

    #[test]
    fn what_the_role_does_not_allow_is_refused_and_not_shortened() {
        let account = Account::new(RolesAnywhere::default(), 2 * HOUR);
        let mut state = RolesAnywhere::default();
        state.role.max_session_duration = HOUR;
        account.set(state);
        assert_eq!(account.assume(&request(None)), Err(AccountFault::Duration));
        assert_eq!(account.assume(&request(Some(HOUR))), Ok(HOUR));
    }

    #[test]
    fn the_names_are_of_the_region_and_the_account() {
        for (arn, kind) in [(TRUST_ANCHOR_ARN, "trust-anchor"), (PROFILE_ARN, "profile")] {
            let (region, account) = (crate::REGION, crate::ACCOUNT_ID);
            let start = format!("arn:aws:rolesanywhere:{region}:{account}:{kind}/");
            assert_eq!(arn.strip_prefix(&start).unwrap().len(), 36);
        }
        assert!(ROLE_ARN.starts_with(&format!("arn:aws:iam::{}:role/", crate::ACCOUNT_ID)));
    }
}
