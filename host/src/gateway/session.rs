//! The one request that starts a session of IAM Roles Anywhere, as the host knows it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sealift_config::RolesAnywhere;
use serde::Serialize;

/// All but the unreserved characters of RFC 3986: the component must write paths and queries
/// the same way.
pub(crate) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Profile, role and trust anchor, in the canonical form.
pub(super) fn query(provider: &RolesAnywhere) -> String {
    let [profile, role, anchor] = [&provider.profile, &provider.role, &provider.trust_anchor]
        .map(|arn| utf8_percent_encode(arn.as_str(), UNRESERVED));
    format!("profileArn={profile}&roleArn={role}&trustAnchorArn={anchor}")
}

/// What the device's key signs, down to the last byte.
pub(super) fn signed(provider: &RolesAnywhere) -> sealift_keystore::RolesAnywhere {
    sealift_keystore::RolesAnywhere {
        region: provider.region.clone(),
        host: provider.endpoint.to_string(),
        query: query(provider),
        body: body(provider),
    }
}

fn body(provider: &RolesAnywhere) -> String {
    let body = Body {
        duration_seconds: provider
            .duration
            .map(|duration| duration.duration().as_secs()),
        role_session_name: provider
            .session_name
            .as_ref()
            .map(sealift_config::SessionName::as_str),
    };
    // Numbers and strings of known characters are JSON in any case.
    serde_json::to_string(&body).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_session_name: Option<&'a str>,
}
