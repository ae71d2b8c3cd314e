//! What a request asks for.
//!
//! <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use http::request::Parts;
use serde::Deserialize;

use super::canonical::query;
use super::refusal::ValidationFault;

/// The parameters of `CreateSession`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SessionRequest {
    pub(super) trust_anchor_arn: String,
    pub(super) profile_arn: String,
    pub(super) role_arn: String,
    pub(super) duration: Option<Duration>,
    pub(super) role_session_name: Option<String>,
}

const DURATION_SECONDS: RangeInclusive<i64> = 900..=43_200;

/// The body. The names of AWS resources are in it or in the query.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    duration_seconds: Option<i64>,
    trust_anchor_arn: Option<String>,
    profile_arn: Option<String>,
    role_arn: Option<String>,
    role_session_name: Option<String>,
    /// No longer used, says the user's guide.
    #[serde(rename = "sessionName")]
    _session_name: Option<String>,
    #[serde(rename = "instanceProperties")]
    _instance_properties: Option<BTreeMap<String, String>>,
}

impl SessionRequest {
    pub(super) fn of(request: &Parts, body: &[u8]) -> Result<Self, ValidationFault> {
        let body: Body = match body {
            [] => Body::default(),
            text => serde_json::from_slice(text).map_err(|_| ValidationFault::Body)?,
        };
        let query = query(request);
        let name = |name: &'static str, in_body: Option<String>| {
            let in_query = query.iter().find(|(other, _)| other == name);
            let value = in_query.map(|(_, value)| value.clone()).or(in_body);
            value.ok_or(ValidationFault::Missing(name))
        };
        Ok(Self {
            trust_anchor_arn: name("trustAnchorArn", body.trust_anchor_arn)?,
            profile_arn: name("profileArn", body.profile_arn)?,
            role_arn: name("roleArn", body.role_arn)?,
            duration: body.duration_seconds.map(duration).transpose()?,
            role_session_name: body.role_session_name.map(session_name).transpose()?,
        })
    }
}

fn duration(seconds: i64) -> Result<Duration, ValidationFault> {
    let constraint = if seconds < *DURATION_SECONDS.start() {
        "have value greater than or equal to 900"
    } else {
        "have value less than or equal to 43200"
    };
    u64::try_from(seconds)
        .ok()
        .filter(|_| DURATION_SECONDS.contains(&seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| ValidationFault::Value {
            field: "durationSeconds",
            value: seconds.to_string(),
            constraint,
        })
}

/// By the rules of `AssumeRole`.
fn session_name(name: String) -> Result<String, ValidationFault> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    let constraint = match name.len() {
        0..2 => "have length greater than or equal to 2",
        65.. => "have length less than or equal to 64",
        _ if name.bytes().all(fits) => return Ok(name),
        _ => r"satisfy regular expression pattern: [\w+=,.@-]*",
    };
    Err(ValidationFault::Value {
        field: "roleSessionName",
        value: name,
        constraint,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use http::Request;

    const QUERY: &str = "/sessions?trustAnchorArn=t&profileArn=p&roleArn=r%3D";

    fn read(uri: &str, body: &str) -> Result<SessionRequest, ValidationFault> {
        let request = Request::post(uri).body(()).unwrap();
        SessionRequest::of(&request.into_parts().0, body.as_bytes())
    }

    #[test]
    fn names_are_in_the_query_or_in_the_body() {
        let from_query = read(QUERY, "").unwrap();
        assert_eq!(from_query.role_arn, "r=");
        let body = r#"{"trustAnchorArn":"t","profileArn":"p","roleArn":"r=","sessionName":"s",
                       "instanceProperties":{"a":"b"},"unknown":1}"#;
        assert_eq!(read("/sessions", body).unwrap(), from_query);
        let half = r#"{"trustAnchorArn":"t","roleArn":"r="}"#;
        let missing = ValidationFault::Missing("profileArn");
        assert_eq!(read("/sessions", half), Err(missing));
        assert_eq!(read("/sessions?profileArn=p", half).unwrap(), from_query);
    }

    #[test]
    fn durations_and_session_names_are_held_to_their_limits() {
        let duration = |seconds: i64| {
            let request = read(QUERY, &format!(r#"{{"durationSeconds":{seconds}}}"#));
            request.map(|request| request.duration.unwrap().as_secs())
        };
        assert_eq!(duration(900), Ok(900));
        assert_eq!(duration(43_200), Ok(43_200));
        for wrong in [899, 43_201, -900] {
            let error = duration(wrong).unwrap_err();
            assert!(
                matches!(error, ValidationFault::Value { field: "durationSeconds", value, .. } if value == wrong.to_string())
            );
        }
        let name = |name: &str| read(QUERY, &format!(r#"{{"roleSessionName":"{name}"}}"#));
        assert_eq!(
            name("a_b-C.9").unwrap().role_session_name.as_deref(),
            Some("a_b-C.9")
        );
        for wrong in ["", "a", "a:b", "a b", &"a".repeat(65)] {
            let error = name(wrong).unwrap_err();
            assert!(
                matches!(error, ValidationFault::Value { field: "roleSessionName", value, .. } if value == wrong)
            );
        }
    }

    #[test]
    fn a_body_that_is_no_such_object_is_refused() {
        for body in [
            "{",
            "[]",
            "1",
            r#"{"durationSeconds":"900"}"#,
            r#"{"roleArn":1}"#,
        ] {
            assert_eq!(read(QUERY, body), Err(ValidationFault::Body), "{body}");
        }
    }
}
