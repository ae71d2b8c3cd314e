//! Text from a component, before anybody reads it.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Answer, Step};
use crate::report;

/// More than this of one text tells nothing more.
const LONGEST: usize = 2000;

/// The text on one line, harmless and not too long.
pub(super) fn plain(text: &str) -> String {
    report::line(text).chars().take(LONGEST).collect()
}

/// An answer with all its texts made plain.
pub(super) fn plain_answer(answer: Answer) -> Answer {
    let optional = |text: Option<String>| text.as_deref().map(plain);
    Answer {
        message: plain(&answer.message),
        cure: optional(answer.cure),
        code: optional(answer.code),
        request_id: optional(answer.request_id),
        ..answer
    }
}

/// A step with its text made plain.
pub(super) fn plain_step(step: Step) -> Step {
    match step {
        Step::Attempt(number) => Step::Attempt(number),
        Step::Retrying(mut retry) => {
            retry.reason = plain(&retry.reason);
            Step::Retrying(retry)
        }
    }
}

/// What to do about a certificate that is not valid at this time, by this device's clock.
pub(super) fn clock_cure(local: SystemTime) -> String {
    let now = OffsetDateTime::from(local);
    let seconds = now.replace_nanosecond(0).unwrap_or(now);
    match seconds.format(&Rfc3339) {
        Ok(time) => format!("this device's clock reads {time}; if that is wrong, set it right"),
        Err(_) => "this device's clock is far off: set it right".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_driven() {
        let text = plain("\u{1b}[31mred\u{7}\nerror: forged\u{202e}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(text.contains("red") && !text.contains('\u{202e}'));
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(plain(&"ä".repeat(100_000)).chars().count(), LONGEST);
    }
}
