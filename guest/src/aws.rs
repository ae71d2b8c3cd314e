//! `aws`: any other request, signed.

use sealift_core::{Error, ErrorKind};
use wasi::http::types::IncomingResponse;

use crate::Component;
use crate::bindings::exports::sealift::gateway::aws::{Guest, Request};
use crate::bindings::types;

impl Guest for Component {
    fn call(_request: Request) -> Result<IncomingResponse, types::Error> {
        Err(unsupported("calls of AWS services").into())
    }

    fn presign(_request: Request, _seconds: u32) -> Result<String, types::Error> {
        Err(unsupported("presigned URLs").into())
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("this component makes no {what}"),
    )
}
