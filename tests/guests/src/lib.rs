//! What the misbehaving components share: the bindings of the world `uploader`, and answers
//! for the exports that they are not about.

wit_bindgen::generate!({
    path: "../../wit",
    world: "uploader",
    pub_export_macro: true,
    generate_all,
    with: {
        "wasi:http/types@0.2.12": wasi::http::types,
        "wasi:http/outgoing-handler@0.2.12": wasi::http::outgoing_handler,
        "wasi:io/error@0.2.12": wasi::io::error,
        "wasi:io/poll@0.2.12": wasi::io::poll,
        "wasi:io/streams@0.2.12": wasi::io::streams,
        "wasi:clocks/monotonic-clock@0.2.12": wasi::clocks::monotonic_clock,
        "wasi:clocks/wall-clock@0.2.12": wasi::clocks::wall_clock,
        "wasi:random/random@0.2.12": wasi::random::random,
    },
});

pub use exports::sealift::gateway::transfer::Uploaded;
pub use sealift::gateway::jobs::Job;
pub use sealift::gateway::types::{AwsCredentials, Error, ErrorKind, Provider};
pub use wasi;

/// An error with nothing but a message.
pub fn error(message: impl Into<String>) -> Error {
    Error {
        kind: ErrorKind::Internal,
        message: message.into(),
        cure: None,
        status: None,
        code: None,
        request_id: None,
        retry_after: None,
    }
}

/// Makes a component of one function: what it does when it is asked to upload. Asked
/// for credentials, it does the same.
#[macro_export]
macro_rules! misbehave {
    ($behaviour:expr) => {
        struct Component;

        $crate::export!(Component with_types_in $crate);

        impl $crate::exports::sealift::gateway::transfer::Guest for Component {
            fn upload(job: $crate::Job) -> Result<$crate::Uploaded, $crate::Error> {
                let behaviour: fn(Option<$crate::Job>) -> Result<String, $crate::Error> = $behaviour;
                let etag = behaviour(Some(job))?;
                Ok($crate::Uploaded { etag, checksum: None, version_id: None, attempts: 1, reasons: Vec::new() })
            }

            fn list_unfinished(
                _: $crate::exports::sealift::gateway::transfer::Place,
            ) -> Result<Vec<$crate::exports::sealift::gateway::transfer::Unfinished>, $crate::Error> {
                Err($crate::error("not what this component is about"))
            }

            fn abort(
                _: $crate::exports::sealift::gateway::transfer::Place,
                _: $crate::exports::sealift::gateway::transfer::Unfinished,
            ) -> Result<(), $crate::Error> {
                Err($crate::error("not what this component is about"))
            }
        }

        impl $crate::exports::sealift::gateway::credentials::Guest for Component {
            fn fetch(_: $crate::Provider) -> Result<$crate::AwsCredentials, $crate::Error> {
                let behaviour: fn(Option<$crate::Job>) -> Result<String, $crate::Error> = $behaviour;
                behaviour(None).and_then(|outcome| Err($crate::error(outcome)))
            }
        }

        impl $crate::exports::sealift::gateway::aws::Guest for Component {
            fn call(
                _: $crate::exports::sealift::gateway::aws::Request,
            ) -> Result<$crate::wasi::http::types::IncomingResponse, $crate::Error> {
                Err($crate::error("not what this component is about"))
            }

            fn presign(
                _: $crate::exports::sealift::gateway::aws::Request,
                _: u32,
            ) -> Result<String, $crate::Error> {
                Err($crate::error("not what this component is about"))
            }
        }

        impl $crate::exports::sealift::gateway::plugin::Guest for Component {
            fn describe() -> $crate::exports::sealift::gateway::plugin::Description {
                $crate::exports::sealift::gateway::plugin::Description {
                    name: "misbehaving".into(),
                    version: "0.0.0".into(),
                    capabilities: Vec::new(),
                    providers: Vec::new(),
                }
            }

            fn probe() -> Result<(), $crate::Error> {
                Ok(())
            }
        }
    };
}

/// Sends a request without a body and waits for the answer's status.
pub fn get(scheme: wasi::http::types::Scheme, authority: &str, path: &str) -> Result<u16, Error> {
    use wasi::http::types::{Fields, OutgoingRequest};

    let request = OutgoingRequest::new(Fields::new());
    let set = request
        .set_scheme(Some(&scheme))
        .and_then(|()| request.set_authority(Some(authority)));
    set.and_then(|()| request.set_path_with_query(Some(path)))
        .map_err(|()| error("not a URL"))?;
    let code = |code| error(format!("{code:?}"));
    let answer = wasi::http::outgoing_handler::handle(request, None).map_err(code)?;
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => Ok(response.status()),
        Some(Ok(Err(failure))) => Err(code(failure)),
        Some(Err(())) | None => Err(error("no answer")),
    }
}
