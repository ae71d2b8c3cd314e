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

pub use exports::sealift::gateway::transfer::{Outcome, Uploaded};
pub use sealift::gateway::jobs::Job;
pub use sealift::gateway::payload::{ByteRange, Framing, Payload};
pub use sealift::gateway::types::{
    Algorithm, AwsCredentials, Checksum, Error, ErrorKind, Provider, Setting,
};
pub use sealift::gateway::{hints, keystore, vault};
pub use wasi;

use wasi::http::outgoing_handler;
use wasi::http::types::{
    Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingRequest, Scheme,
};

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

/// The claim that all went well: what a component says that got away with it.
pub fn success(etag: impl Into<String>) -> Uploaded {
    Uploaded {
        etag: etag.into(),
        checksum: None,
        version_id: None,
        attempts: 1,
        reasons: Vec::new(),
    }
}

/// Makes a component of one function: what it does when it is asked to upload. Asked
/// for credentials, it does the same, or what a second function says; its dry run goes well, or does what a third
/// function says.
#[macro_export]
macro_rules! misbehave {
    ($behaviour:expr) => {
        $crate::misbehave!($behaviour, |_provider| {
            let behaviour: fn(Option<$crate::Job>) -> Result<$crate::Uploaded, $crate::Error> = $behaviour;
            behaviour(None).and_then(|uploaded| Err($crate::error(uploaded.etag)))
        });
    };
    ($behaviour:expr, $fetch:expr) => {
        $crate::misbehave!($behaviour, $fetch, || Ok(()));
    };
    ($behaviour:expr, $fetch:expr, $probe:expr) => {
        struct Component;

        $crate::export!(Component with_types_in $crate);

        impl $crate::exports::sealift::gateway::transfer::Guest for Component {
            fn upload(job: $crate::Job) -> Result<$crate::Outcome, $crate::Error> {
                let behaviour: fn(Option<$crate::Job>) -> Result<$crate::Uploaded, $crate::Error> = $behaviour;
                behaviour(Some(job)).map($crate::Outcome::Stored)
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
            fn fetch(provider: $crate::Provider) -> Result<$crate::AwsCredentials, $crate::Error> {
                let fetch: fn($crate::Provider) -> Result<$crate::AwsCredentials, $crate::Error> = $fetch;
                fetch(provider)
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
                let probe: fn() -> Result<(), $crate::Error> = $probe;
                probe()
            }
        }
    };
}

/// Sends all bytes of a job to its store, unsigned, as a PUT that its host sees delivered.
pub fn put(job: &Job) -> Result<Uploaded, Error> {
    let (store, payload) = (store(job), job.payload());
    let path = format!("/{}/{}", job.bucket(), job.key());
    let put = request(&Method::Put, Scheme::Https, &store, &path)?;
    let range = ByteRange {
        offset: 0,
        length: payload.size().unwrap_or(0),
    };
    payload.attach(&put, range, Framing::Raw(None))?;
    let answer = handle(put)?;
    answer.subscribe().block();
    let status = answered(&answer)?.status();
    match status {
        200 => Ok(success("put")),
        _ => Err(error(format!("answered {status}"))),
    }
}

/// Sends a request without a body and waits for the answer's status.
pub fn get(scheme: Scheme, authority: &str, path: &str) -> Result<u16, Error> {
    let answer = handle(request(&Method::Get, scheme, authority, path)?)?;
    answer.subscribe().block();
    answered(&answer).map(|response| response.status())
}

/// A request that can still get a body.
pub fn request(
    method: &Method,
    scheme: Scheme,
    authority: &str,
    path: &str,
) -> Result<OutgoingRequest, Error> {
    let request = OutgoingRequest::new(Fields::new());
    request
        .set_method(method)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)))
        .map_err(|()| error("not a URL"))?;
    Ok(request)
}

/// Sends a request.
pub fn handle(request: OutgoingRequest) -> Result<FutureIncomingResponse, Error> {
    outgoing_handler::handle(request, None).map_err(|code| error(format!("{code:?}")))
}

/// The answer to a request that was waited for.
pub fn answered(answer: &FutureIncomingResponse) -> Result<IncomingResponse, Error> {
    match answer.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(code))) => Err(error(format!("{code:?}"))),
        Some(Err(())) | None => Err(error("no answer")),
    }
}

/// The job of an upload; an error where the component is asked for credentials.
pub fn job(job: Option<Job>) -> Result<Job, Error> {
    job.ok_or_else(|| error("not an upload"))
}

/// The value of a setting, or nothing.
pub fn setting(settings: &[Setting], name: &str) -> String {
    let found = settings.iter().find(|setting| setting.name == name);
    found
        .map(|setting| setting.value.clone())
        .unwrap_or_default()
}

/// Host and port of the store that a job is for.
pub fn store(job: &Job) -> String {
    setting(&job.location(), "endpoint")
        .trim_start_matches("https://")
        .to_owned()
}
