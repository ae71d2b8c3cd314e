//! The credentials that were handed out.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// Temporary credentials, as the provider hands them out.
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Zeroizing<String>,
    pub(crate) session_token: Zeroizing<String>,
    pub(crate) expiration: OffsetDateTime,
}

impl Credentials {
    fn random(
        session_token_bytes: usize,
        expiration: OffsetDateTime,
    ) -> Result<Self, getrandom::Error> {
        Ok(Self {
            access_key_id: format!("ASIA{}", access_key_suffix()?),
            // Thirty bytes make the usual forty characters.
            secret_access_key: random_text(40)?,
            session_token: random_text(session_token_bytes)?,
            expiration,
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

/// The credentials that were handed out, so that S3 can check signatures.
pub(crate) struct Issued {
    session_token_bytes: usize,
    records: Mutex<HashMap<String, Record>>,
}

/// Why a key or its token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// Nobody handed out this access key id.
    UnknownKey,
    /// The session token is missing or belongs to another key.
    Token,
    /// Both are right, but too old.
    Expired,
}

impl Issued {
    /// At most this many are remembered. Beyond it the one that expires first is forgotten.
    const LIMIT: usize = 1024;
    /// Expired ones are remembered this long, so that their owner hears
    /// `ExpiredToken` and not `InvalidAccessKeyId`.
    const REMEMBERED: Duration = Duration::from_hours(24);

    pub(crate) fn new(session_token_bytes: usize) -> Self {
        Self {
            session_token_bytes,
            records: Mutex::default(),
        }
    }

    /// Makes credentials that last `ttl` from `now`.
    pub(crate) fn issue(
        &self,
        now: OffsetDateTime,
        ttl: Duration,
    ) -> Result<Credentials, getrandom::Error> {
        let credentials =
            Credentials::random(self.session_token_bytes, now.saturating_add(seconds(ttl)))?;
        let mut records = self.lock();
        records
            .retain(|_, record| now < record.expiration.saturating_add(seconds(Self::REMEMBERED)));
        if records.len() >= Self::LIMIT {
            let first = records.iter().min_by_key(|(_, record)| record.expiration);
            if let Some(key) = first.map(|(key, _)| key.clone()) {
                records.remove(&key);
            }
        }
        records.insert(credentials.access_key_id.clone(), Record::of(&credentials));
        Ok(credentials)
    }

    /// The secret that belongs to an access key id.
    pub(crate) fn secret(&self, access_key_id: &str) -> Option<Zeroizing<String>> {
        self.lock()
            .get(access_key_id)
            .map(|record| record.secret_access_key.clone())
    }

    /// Lets a key expire before its time.
    pub(crate) fn expire(&self, access_key_id: &str, now: OffsetDateTime) {
        if let Some(record) = self.lock().get_mut(access_key_id) {
            record.expiration = record.expiration.min(now);
        }
    }

    /// Whether a key may be used now, with this token.
    pub(crate) fn check(
        &self,
        access_key_id: &str,
        session_token: Option<&[u8]>,
        now: OffsetDateTime,
    ) -> Result<(), Rejected> {
        let records = self.lock();
        let record = records.get(access_key_id).ok_or(Rejected::UnknownKey)?;
        let digest: [u8; 32] = Sha256::digest(session_token.ok_or(Rejected::Token)?).into();
        if digest != record.session_token_digest {
            Err(Rejected::Token)
        } else if now >= record.expiration {
            Err(Rejected::Expired)
        } else {
            Ok(())
        }
    }

    /// Every change is one insertion or removal, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("count", &self.lock().len())
            .finish_non_exhaustive()
    }
}

struct Record {
    secret_access_key: Zeroizing<String>,
    /// Tokens can be long; what tells them apart is enough.
    session_token_digest: [u8; 32],
    expiration: OffsetDateTime,
}

impl Record {
    fn of(credentials: &Credentials) -> Self {
        Self {
            secret_access_key: credentials.secret_access_key.clone(),
            session_token_digest: Sha256::digest(credentials.session_token.as_bytes()).into(),
            expiration: credentials.expiration,
        }
    }
}

fn seconds(duration: Duration) -> time::Duration {
    time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)
}

/// Sixteen characters of base 32, as in AWS's own access key ids.
fn access_key_suffix() -> Result<String, getrandom::Error> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect())
}

/// Random base64 of exactly `length` characters.
fn random_text(length: usize) -> Result<Zeroizing<String>, getrandom::Error> {
    let mut bytes = Zeroizing::new(vec![0; length.div_ceil(4) * 3]);
    getrandom::fill(&mut bytes)?;
    let mut text = Zeroizing::new(STANDARD.encode(&*bytes));
    text.truncate(length);
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
    const TTL: Duration = Duration::from_mins(15);

    #[test]
    fn a_key_is_good_with_its_own_token_until_it_expires() {
        let issued = Issued::new(800);
        let one = issued.issue(NOW, TTL).unwrap();
        let other = issued.issue(NOW, TTL).unwrap();
        let check = |token: Option<&str>, now| {
            issued.check(&one.access_key_id, token.map(str::as_bytes), now)
        };
        assert_eq!(one.session_token.len(), 800);
        assert_eq!(check(Some(&one.session_token), NOW), Ok(()));
        assert_eq!(
            check(Some(&one.session_token), NOW + TTL),
            Err(Rejected::Expired)
        );
        assert_eq!(check(Some(&other.session_token), NOW), Err(Rejected::Token));
        assert_eq!(check(None, NOW), Err(Rejected::Token));
        assert_eq!(
            issued.check("ASIAUNKNOWN", None, NOW),
            Err(Rejected::UnknownKey)
        );
    }

    #[test]
    fn the_memory_is_bounded() {
        let issued = Issued::new(4);
        let first = issued.issue(NOW, TTL).unwrap();
        for _ in 0..Issued::LIMIT {
            issued.issue(NOW, TTL * 2).unwrap();
        }
        assert_eq!(issued.lock().len(), Issued::LIMIT);
        assert_eq!(issued.secret(&first.access_key_id), None);
        issued.issue(NOW + Issued::REMEMBERED * 2, TTL).unwrap();
        assert_eq!(issued.lock().len(), 1);
    }

    #[test]
    fn no_secret_is_in_any_debug_output() {
        let issued = Issued::new(800);
        let credentials = issued.issue(NOW, TTL).unwrap();
        let text = format!("{credentials:?} {issued:?}");
        assert!(!text.contains(&*credentials.secret_access_key));
        assert!(!text.contains(&*credentials.session_token));
    }
}
