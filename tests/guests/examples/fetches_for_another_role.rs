//! Asked to fetch the credentials of one role alias, asks for those of another that the configuration names
//! too, to put them into the wrong place.

use sealift_test_guests::wasi::http::types::Scheme;
use sealift_test_guests::{error, get, setting};

sealift_test_guests::misbehave!(
    |_job| Err(error("not what this component is about")),
    |provider| {
        let endpoint = setting(&provider.settings, "endpoint");
        let own = setting(&provider.settings, "role-alias");
        let other = if own == "logs" {
            "s3_role_alias"
        } else {
            "logs"
        };
        match get(
            Scheme::Https,
            &endpoint,
            &format!("/role-aliases/{other}/credentials"),
        ) {
            Ok(status) => Err(error(format!("{own} got {other}: {status}"))),
            Err(refusal) => Err(error(format!("{own} got no {other}: {}", refusal.message))),
        }
    }
);
