//! IAM action names and patterns.

use std::fmt;
use std::str::FromStr;

/// An IAM action or a pattern of actions: `s3:PutObject`, `s3:Get*`, `s3:*`, `*`.
///
/// Matching ignores case, `*` stands for any characters and `?` for one.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action(String);

impl Action {
    /// Whether this pattern covers an action such as `s3:PutObject`.
    pub fn covers(&self, action: &str) -> bool {
        matches(self.0.as_bytes(), action.as_bytes())
    }
}

impl FromStr for Action {
    type Err = ParseActionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = match text.split_once(':') {
            None => text == "*",
            Some((service, name)) => is_pattern(service) && is_pattern(name),
        };
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseActionError(text.to_owned()))
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not an IAM action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an IAM action: write it as `s3:PutObject`, `s3:*` or `*`")]
pub struct ParseActionError(String);

fn is_pattern(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'?' | b'-'))
}

/// Glob matching that steps back to the last `*` only, so it is never exponential.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&p) if p == b'?' || p.eq_ignore_ascii_case(&text[seen]) => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                None => return false,
                Some((star_at, covered)) => {
                    star = Some((star_at, covered + 1));
                    at = star_at + 1;
                    seen = covered + 1;
                }
            },
        }
    }
    pattern[at..].iter().all(|&p| p == b'*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_pattern_covers_what_iam_says() {
        let cases = [
            ("*", "s3:PutObject", true),
            ("s3:*", "s3:PutObject", true),
            ("s3:PutObject", "s3:PutObject", true),
            ("S3:putobject", "s3:PutObject", true),
            ("s3:Put*", "s3:PutObjectTagging", true),
            ("s3:*Object", "s3:GetObject", true),
            ("s3:*Object", "s3:GetObjectAcl", false),
            ("s3:?etObject", "s3:GetObject", true),
            ("s3:PutObject", "s3:GetObject", false),
            ("s3:PutObject", "s3:PutObjectTagging", false),
            ("iot:*", "s3:PutObject", false),
        ];
        for (pattern, action, covered) in cases {
            let pattern: Action = pattern.parse().unwrap();
            assert_eq!(pattern.covers(action), covered, "{pattern} and {action}");
        }
    }

    #[test]
    fn text_that_is_no_action_is_refused() {
        for text in ["", "s3", "s3:", ":PutObject", "s3:Put Object", "s3:a:b"] {
            assert_eq!(
                text.parse::<Action>(),
                Err(ParseActionError(text.to_owned()))
            );
        }
    }
}
