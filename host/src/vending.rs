//! What a server for local programs ([`sealift_serve`]) gets from a gateway: credentials, the time, and a
//! place on record for what it hands out.
//!
//! ```no_run
//! # fn example(gateway: sealift::gateway::Gateway, status: std::sync::Arc<dyn sealift_serve::Status>)
//! # -> Result<(), sealift_serve::Error> {
//! use std::sync::Arc;
//! use sealift::vending::Vending;
//!
//! let environment = sealift_config::Environment::of_process();
//! let settings = sealift_serve::Settings::of(gateway.config(), &environment)?;
//! let gateway = Arc::new(gateway);
//! let vending = Vending::new(move || Arc::clone(&gateway));
//! let parts = vending.parts(status, sealift_serve::Metrics::default());
//! let server = sealift_serve::Server::bind(settings, parts)?;
//! # Ok(())
//! # }
//! ```

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sealift_config::{CredentialProvider, RoleAlias};
use sealift_serve::{
    Audit, AuditError, Clock, CredentialSource, FetchError, Handout, Metrics, Parts, Status,
};
use sealift_state::Event;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::gateway::Gateway;
use crate::report;
use crate::sandbox::{CallError, Credentials};

/// A gateway as the source of what local programs get.
#[derive(Clone)]
pub struct Vending {
    in_force: Arc<dyn Fn() -> Arc<Gateway> + Send + Sync>,
    role: Option<RoleAlias>,
    program: Option<String>,
}

impl Vending {
    /// Of the gateway that `in_force` tells. It is asked each time, so that after a reload of the configuration
    /// it is another one; the server has to be told to forget what it holds of the former
    /// ([`sealift_serve::Control::clear_credentials`]).
    pub fn new(in_force: impl Fn() -> Arc<Gateway> + Send + Sync + 'static) -> Self {
        Self {
            in_force: Arc::new(in_force),
            role: None,
            program: None,
        }
    }

    /// Whoever has no role alias of their own gets the credentials of this one. It must be in the
    /// configuration.
    #[must_use]
    pub fn with_role(self, role: Option<RoleAlias>) -> Self {
        Self { role, ..self }
    }

    /// For this program alone, as is put on record.
    #[must_use]
    pub fn for_program(self, program: String) -> Self {
        Self {
            program: Some(program),
            ..self
        }
    }

    /// What a server needs.
    pub fn parts(self, status: Arc<dyn Status>, metrics: Metrics) -> Parts {
        let all = Arc::new(self);
        Parts {
            source: Arc::clone(&all) as _,
            clock: Arc::clone(&all) as _,
            audit: all,
            status,
            metrics,
        }
    }
}

impl Debug for Vending {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vending")
            .field("role", &self.role)
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

impl CredentialSource for Vending {
    fn fetch<'a>(
        &'a self,
        role: Option<&'a RoleAlias>,
        held: Option<&'a str>,
    ) -> BoxFuture<'a, Result<sealift_serve::Credentials, FetchError>> {
        async move {
            let gateway = (self.in_force)();
            let role = role.or(self.role.as_ref());
            let fetched = gateway.credentials_of(role, held).await;
            fetched
                .map_err(|error| refusal(&error))
                .and_then(|credentials| handed_over(&credentials))
        }
        .boxed()
    }
}

impl Clock for Vending {
    fn wall(&self) -> SystemTime {
        (self.in_force)().now()
    }
}

impl Audit for Vending {
    fn handed_out(&self, handout: &Handout) -> Result<(), AuditError> {
        let gateway = (self.in_force)();
        let expiration = OffsetDateTime::from(handout.expiration);
        let event = Event::CredentialsHandedOut {
            recipient: handout.recipient.to_string(),
            program: self.program.clone(),
            role: role_of(&gateway, handout.role.as_ref().or(self.role.as_ref())),
            access_key_id: handout.access_key_id.clone(),
            expiration: expiration
                .format(&Rfc3339)
                .map_err(|error| AuditError(report::chain(&error)))?,
        };
        gateway
            .record(&event)
            .map_err(|error| AuditError(report::chain(&error)))
    }
}

/// What the role is called, for people.
fn role_of(gateway: &Gateway, alias: Option<&RoleAlias>) -> String {
    match (alias, &gateway.config().credentials) {
        (Some(alias), _) => alias.to_string(),
        (None, CredentialProvider::Iot(provider)) => provider.role_alias.to_string(),
        (None, CredentialProvider::RolesAnywhere(provider)) => provider.role.to_string(),
    }
}

fn handed_over(credentials: &Credentials) -> Result<sealift_serve::Credentials, FetchError> {
    // What has no session token is no temporary credential.
    let session_token = credentials.session_token().ok_or_else(|| FetchError {
        message: "the component brought credentials without a session token; use another component"
            .into(),
        status: None,
        retryable: false,
    })?;
    Ok(sealift_serve::Credentials {
        access_key_id: credentials.access_key_id().to_owned(),
        secret_access_key: credentials.secret_access_key().to_owned().into(),
        session_token: session_token.to_owned().into(),
        expiration: credentials.expiration(),
    })
}

fn refusal(error: &CallError) -> FetchError {
    let reason = report::chain(error);
    FetchError {
        message: match error.cure() {
            Some(cure) => format!("{reason}; {}", report::line(cure)),
            None => reason,
        },
        status: error.status(),
        retryable: error.is_temporary(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{Answer, ErrorKind};

    #[test]
    fn a_refusal_says_what_to_do_and_whether_to_ask_again() {
        let denied = Answer {
            cure: Some("attach\nthe policy".into()),
            status: Some(403),
            ..Answer::new(ErrorKind::Denied, "Access Denied")
        };
        let told = refusal(&CallError::refused(denied));
        assert_eq!(told.message, "Access Denied; attach the policy");
        assert_eq!((told.status, told.retryable), (Some(403), false));
        let busy = Answer::new(ErrorKind::Throttled, "slow down");
        assert!(refusal(&CallError::refused(busy)).retryable);
    }

    #[test]
    fn credentials_without_a_session_token_are_not_handed_out() {
        let of = |token: Option<&str>| {
            let token = token.map(str::to_owned);
            Credentials::new(
                "AKIA".into(),
                "secret".into(),
                token,
                SystemTime::UNIX_EPOCH,
            )
        };
        assert!(handed_over(&of(Some("token"))).is_ok());
        let refused = handed_over(&of(None))
            .map(|_| ())
            .map_err(|told| told.retryable);
        assert_eq!(refused, Err(false));
    }
}
