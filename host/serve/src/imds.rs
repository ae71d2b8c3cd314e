//! The instance metadata service of EC2, version 2, as far as credentials and the region go.
//!
//! By "Use the Instance Metadata Service to access instance metadata", EC2 User Guide. Sessions are not
//! remembered: a token carries its end and a proof that it is ours, so that no number of sessions takes
//! memory.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use tokio::time::Instant;

use crate::token::NoRandomness;

/// Seconds that a session may last.
const TTL: std::ops::RangeInclusive<u64> = 1..=21_600;

/// In bytes: the end, something that makes tokens differ, and the proof.
const END: usize = 8;
const NONCE: usize = 8;
const PROOF: usize = 32;

/// Makes tokens of sessions, and knows them again. A new one knows none of those before it: SDKs then get a
/// new token.
#[derive(Debug)]
pub(crate) struct Sessions {
    key: hmac::Key,
    begun: Instant,
}

impl Sessions {
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random).map_err(|_| NoRandomness)?;
        Ok(Self {
            key,
            begun: Instant::now(),
        })
    }

    /// The token of a new session.
    pub(crate) fn open(&self, ttl: Ttl) -> Result<String, NoRandomness> {
        let end = (self.begun.elapsed() + ttl.0).as_secs();
        let mut token = [0; END + NONCE + PROOF];
        let (claim, proof) = token.split_at_mut(END + NONCE);
        claim[..END].copy_from_slice(&end.to_be_bytes());
        aws_lc_rs::rand::fill(&mut claim[END..]).map_err(|_| NoRandomness)?;
        proof.copy_from_slice(hmac::sign(&self.key, claim).as_ref());
        Ok(BASE64_URL_SAFE_NO_PAD.encode(token))
    }

    /// Whether it is the token of a session that has not ended.
    pub(crate) fn is_open(&self, token: &[u8]) -> bool {
        let mut bytes = [0; END + NONCE + PROOF];
        // One byte too few or too many is no token of ours either.
        if BASE64_URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) != Ok(bytes.len()) {
            return false;
        }
        let (claim, proof) = bytes.split_at(END + NONCE);
        if hmac::verify(&self.key, claim, proof).is_err() {
            return false;
        }
        let end = claim.first_chunk().map(|end| u64::from_be_bytes(*end));
        end.is_some_and(|end| self.begun.elapsed().as_secs() < end)
    }
}

/// How long a session lasts: 1 second to 6 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ttl(Duration);

impl Ttl {
    /// Reads the field `x-aws-ec2-metadata-token-ttl-seconds`.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let seconds = text.parse().ok().filter(|ttl| TTL.contains(ttl))?;
        Some(Self(Duration::from_secs(seconds)))
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic<'p> {
    /// A session.
    Token,
    /// The name of the role.
    Roles,
    /// Credentials of the role of this name.
    Credentials(&'p str),
    /// The region.
    Region,
}

impl<'p> Topic<'p> {
    /// What a path stands for.
    pub(crate) fn of(path: &'p str) -> Option<Self> {
        match path.strip_prefix("/latest/")? {
            "api/token" => Some(Self::Token),
            "meta-data/iam/security-credentials" | "meta-data/iam/security-credentials/" => {
                Some(Self::Roles)
            }
            "meta-data/placement/region" => Some(Self::Region),
            other => {
                let role = other.strip_prefix("meta-data/iam/security-credentials/")?;
                Some(Self::Credentials(role))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Sessions, Topic, Ttl};

    fn ttl(text: &str) -> Ttl {
        Ttl::parse(text.as_bytes()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_after_its_time() {
        let sessions = Sessions::new().unwrap();
        let (short, long) = (ttl("2"), ttl("21600"));
        let (short, long) = (sessions.open(short).unwrap(), sessions.open(long).unwrap());
        assert!(sessions.is_open(short.as_bytes()));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!sessions.is_open(short.as_bytes()));
        assert!(sessions.is_open(long.as_bytes()));
        tokio::time::advance(Duration::from_hours(6)).await;
        assert!(!sessions.is_open(long.as_bytes()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_of_another_service_is_none() {
        let (one, other) = (Sessions::new().unwrap(), Sessions::new().unwrap());
        let token = one.open(ttl("60")).unwrap();
        assert!(!other.is_open(token.as_bytes()));
        assert_ne!(token, one.open(ttl("60")).unwrap());
    }

    #[test]
    fn a_session_lasts_from_a_second_to_six_hours() {
        for text in ["1", "21600", "60"] {
            assert!(Ttl::parse(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "",
            "0",
            "21601",
            "-1",
            "+5",
            "1.5",
            " 1",
            "99999999999999999999",
        ] {
            assert_eq!(Ttl::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn paths_are_taken_as_they_are() {
        let role = "/latest/meta-data/iam/security-credentials/a/b";
        assert_eq!(Topic::of(role), Some(Topic::Credentials("a/b")));
        for path in [
            "/",
            "/latest",
            "/latest/api/token/",
            "/2021-07-15/api/token",
            "//latest/api/token",
        ] {
            assert_eq!(Topic::of(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_forged_token_is_a_session(at in 0..64_usize, to in "[a-zA-Z0-9_-]", any in any::<Vec<u8>>()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _guard = runtime.enter();
            let sessions = Sessions::new().unwrap();
            let token = sessions.open(ttl("60")).unwrap();
            let mut forged = token.clone();
            forged.replace_range(at..=at, &to);
            prop_assert_eq!(sessions.is_open(forged.as_bytes()), forged == token);
            prop_assert!(!sessions.is_open(&any));
        }
    }
}
