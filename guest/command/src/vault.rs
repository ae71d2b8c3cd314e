//! Credentials for the upload under way.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealift_core::Error;
use sealift_core::credentials::Credentials;

/// Credentials are not used for the last of their life: a request signed now should not arrive after they ended.
const MARGIN: Duration = Duration::from_mins(5);

/// Where they are short-lived, the margin is this share of their life.
const MARGIN_SHARE: u32 = 3;

/// Credentials that ended before they came: the clock here is wrong, and new ones would be no better.
const WRONG_CLOCK: Duration = Duration::from_mins(1);

/// The credentials in use, and until when.
#[derive(Debug, Default)]
pub(crate) struct Vault(Option<(Credentials, SystemTime)>);

impl Vault {
    /// Good credentials: those in use, or new ones where they end soon or the store has `rejected` them.
    pub(crate) fn credentials(
        &mut self,
        rejected: Option<&str>,
        now: SystemTime,
        fetch: impl FnOnce() -> Result<Credentials, Error>,
    ) -> Result<Credentials, Error> {
        match &self.0 {
            Some((held, until)) if now < *until && rejected != Some(held.access_key_id()) => {
                Ok(held.clone())
            }
            _ => {
                let fresh = fetch()?;
                self.0 = Some((fresh.clone(), until(&fresh, now)));
                Ok(fresh)
            }
        }
    }
}

fn until(credentials: &Credentials, now: SystemTime) -> SystemTime {
    let end = credentials.expiration().unwrap_or(0);
    let end = UNIX_EPOCH
        .checked_add(Duration::from_secs(end))
        .unwrap_or(now);
    match end.duration_since(now) {
        Ok(life) => end - MARGIN.min(life / MARGIN_SHARE),
        Err(_) => now + WRONG_CLOCK,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn issued(id: &str, end: u64) -> Result<Credentials, Error> {
        Credentials::new(id.to_owned(), "secret".to_owned(), None, Some(end))
    }

    #[test]
    fn credentials_are_used_until_shortly_before_their_end() {
        let mut vault = Vault::default();
        let mut id = |now: u64, end| {
            let fetch = || issued(&format!("from-{now}"), end);
            let held = vault.credentials(None, at(now), fetch).unwrap();
            held.access_key_id().to_owned()
        };
        assert_eq!(id(1000, 4600), "from-1000");
        assert_eq!(id(4299, 9999), "from-1000");
        assert_eq!(id(4300, 4330), "from-4300");
        assert_eq!(id(4319, 9999), "from-4300", "two thirds of a short life");
        assert_eq!(id(4320, 4000), "from-4320");
        assert_eq!(id(4350, 9999), "from-4320", "the clock here is wrong");
        assert_eq!(id(4380, 9999), "from-4380");
    }

    #[test]
    fn what_the_store_rejected_is_not_used_again_and_a_failed_fetch_is_told() {
        let mut vault = Vault::default();
        vault
            .credentials(None, at(0), || issued("first", 9000))
            .unwrap();
        let next = vault.credentials(Some("first"), at(0), || issued("second", 9000));
        assert_eq!(next.unwrap().access_key_id(), "second");
        let other = vault.credentials(Some("first"), at(0), || issued("third", 9000));
        assert_eq!(other.unwrap().access_key_id(), "second");
        let refused = Error::new(sealift_core::ErrorKind::Denied, "no");
        let failed = vault.credentials(Some("second"), at(0), || Err(refused));
        assert_eq!(failed.unwrap_err().message, "no");
    }
}
