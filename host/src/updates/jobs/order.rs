//! What a job's document orders.

use semver::Version;
use serde::Deserialize;
use serde_json::Value;

/// What a job is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Update the component: `{"operation": "sealift.update", "version": "1.2.0"}`.
    Update {
        /// To this release; left out, to the newest that is meant for the device.
        version: Option<Version>,
    },
    /// It is ours and cannot be done; to be rejected with the reason.
    Unusable(Unusable),
    /// Somebody else's on this device. To be left alone.
    Foreign,
}

/// Why a job of ours cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job's document is not understood: {0}")]
pub struct Unusable(String);

/// Our one operation.
const UPDATE: &str = "sealift.update";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "operation")]
    _operation: String,
    version: Option<Version>,
}

impl Order {
    /// Reads a document: an object, or the text of one, as the service answers it.
    pub(super) fn read(document: &Value) -> Self {
        match document {
            Value::String(text) => {
                serde_json::from_str(text).map_or(Self::Foreign, |document| Self::of(&document))
            }
            document => Self::of(document),
        }
    }

    fn of(document: &Value) -> Self {
        if document.get("operation").and_then(Value::as_str) != Some(UPDATE) {
            return Self::Foreign;
        }
        match Document::deserialize(document) {
            Ok(Document { version, .. }) => Self::Update { version },
            // It quotes pieces of the document, which goes back to where it came from.
            Err(error) => Self::Unusable(Unusable(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_update_is_of_the_newest_release_or_of_one_version() {
        let newest = json!({"operation": "sealift.update"});
        assert_eq!(Order::read(&newest), Order::Update { version: None });
        let text = Value::String(newest.to_string());
        assert_eq!(Order::read(&text), Order::Update { version: None });
        let version = Some("1.2.0".parse().unwrap());
        let one = json!({"operation": "sealift.update", "version": "1.2.0"});
        assert_eq!(Order::read(&one), Order::Update { version });
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        for document in [
            json!({"operation": "reboot"}),
            json!({"operation": "sealift.Update"}),
            json!({"operation": ["sealift.update"]}),
            json!({"version": "1.0"}),
            json!("not JSON"),
            json!([]),
            json!(null),
        ] {
            assert_eq!(Order::read(&document), Order::Foreign, "{document}");
        }
    }

    #[test]
    fn an_order_of_ours_that_is_not_understood_is_not_half_obeyed() {
        for (document, why) in [
            (
                json!({"operation": "sealift.update", "version": "1.2"}),
                "unexpected end",
            ),
            (
                json!({"operation": "sealift.update", "version": 1}),
                "invalid type",
            ),
            (
                json!({"operation": "sealift.update", "force": true}),
                "unknown field `force`",
            ),
        ] {
            let Order::Unusable(unusable) = Order::read(&document) else {
                panic!("{document}");
            };
            assert!(unusable.to_string().contains(why), "{unusable}");
        }
    }

    proptest! {
        #[test]
        fn no_document_makes_the_reader_panic(text in "\\PC{0,40}|\\{\"operation\":\"sealift.update\",\\PC{0,20}\\}") {
            let _ = Order::read(&Value::String(text));
        }
    }
}
