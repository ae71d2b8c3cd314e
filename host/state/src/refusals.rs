//! What was refused a little while ago, so that it is not asked for again by the next process.
//!
//! A `put` from cron, or an SDK that calls a credential process, makes a new process each time: what
//! only the memory of one knows would be asked for again and again, each time with a TLS handshake.

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hints::{Hints, HintsError};

/// Refusals that hold for a while, by whom they concern. As many as there can be hints.
#[derive(Debug)]
pub struct Refusals(Hints);

/// Whom a refusal concerns: another certificate, or another role alias, may fare differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

/// That something was refused, and in which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// For programs.
    pub kind: RefusalKind,
    /// For people.
    pub message: String,
    /// For people: what to do about it.
    pub cure: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The service's id of the request.
    pub request_id: Option<String>,
}

/// What only somebody's hand can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// A policy or a certificate.
    Denied,
    /// A name.
    NotFound,
    /// A setting.
    InvalidInput,
}

/// A refusal that still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What was said.
    pub refusal: Refusal,
    /// How long ago.
    pub age: Duration,
    /// For how long it will stand.
    pub left: Duration,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    /// Seconds since 1970.
    at: u64,
    life: u64,
    refusal: Refusal,
}

/// No text of a refusal is kept longer, in bytes, so that all of them fit into a hint.
const LONGEST_TEXT: usize = 256;

impl Subject {
    /// What the parts name together.
    pub fn new<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let digits = digest.iter().fold(String::new(), |mut digits, byte| {
            // Writing to a string does not fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        });
        Self(digits)
    }
}

impl Refusals {
    pub(crate) fn new(hints: Hints) -> Self {
        Self(hints)
    }

    /// Refusals that end with the process.
    pub fn unkept() -> Self {
        Self(Hints::unkept())
    }

    /// What the subject was refused, if that still holds. Blocks the first time.
    pub fn standing(&mut self, subject: &Subject, now: SystemTime) -> Option<Standing> {
        let text = self.0.value(&subject.0, now)?;
        let entry: Entry = serde_json::from_str(&text).ok()?;
        // One from the future was written by a clock that was set right since.
        let age = seconds(now).checked_sub(entry.at)?;
        let left = entry.life.checked_sub(age).filter(|&left| left > 0)?;
        Some(Standing {
            refusal: entry.refusal,
            age: Duration::from_secs(age),
            left: Duration::from_secs(left),
        })
    }

    /// The subject was refused something, and will be for a while. Blocks.
    ///
    /// # Errors
    /// It is known until the process ends, or, if there are too many, not at all.
    pub fn keep(
        &mut self,
        subject: &Subject,
        refusal: Refusal,
        life: Duration,
        now: SystemTime,
    ) -> Result<(), HintsError> {
        let entry = Entry {
            at: seconds(now),
            life: life.as_secs(),
            refusal: refusal.shortened(),
        };
        // Texts, numbers and options: nothing of it can fail to be written.
        let text = serde_json::to_string(&entry).unwrap_or_default();
        self.0.put(subject.0.clone(), text, life, now)
    }
}

impl Refusal {
    fn shortened(mut self) -> Self {
        shorten(&mut self.message);
        self.cure.iter_mut().for_each(shorten);
        self.request_id.iter_mut().for_each(shorten);
        self
    }
}

/// Cuts a text so that it is not too long even with every character escaped.
fn shorten(text: &mut String) {
    let escaped = |character: char| match character {
        '"' | '\\' => 2,
        character if character.is_control() => 6,
        character => character.len_utf8(),
    };
    let mut length = 0;
    let cut = text.char_indices().find_map(|(at, character)| {
        length += escaped(character);
        (length > LONGEST_TEXT).then_some(at)
    });
    if let Some(at) = cut {
        text.truncate(at);
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const LIFE: Duration = Duration::from_mins(2);

    fn start() -> SystemTime {
        UNIX_EPOCH + Duration::from_hours(24)
    }

    fn refusal(message: &str) -> Refusal {
        Refusal {
            kind: RefusalKind::Denied,
            message: message.to_owned(),
            cure: Some("attach a policy".to_owned()),
            status: Some(403),
            request_id: None,
        }
    }

    fn kept_in(directory: &tempfile::TempDir) -> Refusals {
        Refusals::new(Hints::kept_in(directory.path().join("refusals.json")))
    }

    #[test]
    fn the_next_process_knows_a_refusal_for_as_long_as_it_holds() {
        let directory = tempfile::tempdir().unwrap();
        let subject = Subject::new([&b"certificate"[..], b"alias"]);
        let denied = refusal("Access Denied");
        let mut refusals = kept_in(&directory);
        refusals
            .keep(&subject, denied.clone(), LIFE, start())
            .unwrap();
        let mut next = kept_in(&directory);
        let standing = next.standing(&subject, start() + MINUTE).unwrap();
        assert_eq!(standing.refusal, denied);
        assert_eq!((standing.age, standing.left), (MINUTE, MINUTE));
        assert_eq!(next.standing(&subject, start() + LIFE), None);
    }

    #[test]
    fn another_certificate_or_alias_is_another_subject() {
        let directory = tempfile::tempdir().unwrap();
        let subject = Subject::new([&b"ab"[..], b"c"]);
        let mut refusals = kept_in(&directory);
        refusals
            .keep(&subject, refusal("no"), LIFE, start())
            .unwrap();
        let other = Subject::new([&b"a"[..], b"bc"]);
        assert_eq!(refusals.standing(&other, start()), None);
    }

    #[test]
    fn a_clock_that_was_ahead_makes_no_refusal_last() {
        let subject = Subject::new([&b"a"[..]]);
        let mut refusals = Refusals::unkept();
        let ahead = start() + Duration::from_hours(1000);
        refusals.keep(&subject, refusal("no"), LIFE, ahead).unwrap();
        assert_eq!(refusals.standing(&subject, start()), None);
        assert!(refusals.standing(&subject, ahead).is_some());
    }

    #[test]
    fn damage_is_no_refusal() {
        let directory = tempfile::tempdir().unwrap();
        let subject = Subject::new([&b"a"[..]]);
        let text = format!(
            r#"{{"{}":{{"value":"{{}}","expires":99999999}}}}"#,
            subject.0
        );
        std::fs::write(directory.path().join("refusals.json"), text).unwrap();
        assert_eq!(kept_in(&directory).standing(&subject, start()), None);
    }

    proptest! {
        #[test]
        fn whatever_a_service_says_fits(message: String, cure: String, id: String, repeat in 1usize..200) {
            let subject = Subject::new([&b"a"[..]]);
            let long = Refusal {
                message: message.repeat(repeat),
                cure: Some(cure.repeat(repeat)),
                request_id: Some(id.repeat(repeat)),
                ..refusal("")
            };
            let mut refusals = Refusals::unkept();
            refusals.keep(&subject, long.clone(), LIFE, start()).unwrap();
            let standing = refusals.standing(&subject, start()).unwrap();
            prop_assert!(long.message.starts_with(&standing.refusal.message));
        }
    }
}
