//! What is counted of one role's credentials.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use sealift_config::RoleAlias;

use crate::{Counter, Credentials, FetchError, Gauge, Metrics, MetricsError};

/// The figures of one role.
#[derive(Debug)]
pub(crate) struct Figures {
    fetched: Counter,
    failed: Counter,
    expiration: Gauge,
}

impl Figures {
    pub(crate) fn register(
        metrics: &Metrics,
        role: Option<&RoleAlias>,
    ) -> Result<Self, MetricsError> {
        let role = role.map_or("", RoleAlias::as_str);
        let fetches = |outcome| {
            metrics.counter(
                "sealift_credential_fetches_total",
                "Fetches of credentials for local programs that came to an end; \
                 role is empty for that of [credentials].",
                &[("role", role), ("outcome", outcome)],
            )
        };
        Ok(Self {
            fetched: fetches("fetched")?,
            failed: fetches("failed")?,
            expiration: metrics.gauge(
                "sealift_credentials_expiration_timestamp_seconds",
                "When the credentials that are handed out end, in seconds since 1970; 0 if there are none.",
                &[("role", role)],
            )?,
        })
    }

    pub(super) fn record(&self, outcome: &Result<Arc<Credentials>, Arc<FetchError>>) {
        match outcome {
            Ok(credentials) => {
                let end = credentials.expiration.duration_since(UNIX_EPOCH);
                let seconds = end.unwrap_or_default().as_secs();
                self.expiration
                    .set(i64::try_from(seconds).unwrap_or(i64::MAX));
                self.fetched.increment();
            }
            Err(_) => self.failed.increment(),
        }
    }

    pub(super) fn clear(&self) {
        self.expiration.set(0);
    }
}
