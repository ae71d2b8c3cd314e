//! `aws`: any other request, signed.

use http::Request as HttpRequest;
use sealift_core::call::{self, Action, Call, Event};
use sealift_core::retry::Policy;
use sealift_core::{Error, ErrorKind};
use sealift_wasi::clock;
use sealift_wasi::http::{self as wire, Unanswered};
use wasi::http::types::IncomingResponse;

use crate::bindings::exports::sealift::gateway::aws::{Guest, Request};
use crate::bindings::types::{self, Provider};
use crate::bindings::vault;
use crate::{Component, convert};

impl Guest for Component {
    fn call(request: Request) -> Result<IncomingResponse, types::Error> {
        let (request, provider) = parse(request)?;
        Ok(run(request, &provider)?)
    }

    fn presign(request: Request, seconds: u32) -> Result<String, types::Error> {
        let (request, provider) = parse(request)?;
        let credentials = lent(&provider, None)?;
        let url = request.presign(&credentials, seconds, clock::now().wall)?;
        Ok(url.to_string())
    }
}

fn parse(asked: Request) -> Result<(call::Request, Provider), Error> {
    let headers = asked.headers.into_iter();
    let headers = headers.map(|header| (header.name, header.value)).collect();
    let Request {
        service,
        region,
        method,
        url,
        body,
        provider,
        ..
    } = asked;
    let request = call::Request::new(&service, &region, &method, &url, headers, body)?;
    Ok((request, provider))
}

fn run(request: call::Request, provider: &Provider) -> Result<IncomingResponse, Error> {
    let mut call = Call::new(request, Policy::default(), clock::now());
    let mut answer = None;
    loop {
        let event = match call.next(clock::now()) {
            Action::Done(result) => {
                let none = || Error::new(ErrorKind::Internal, "a call ended without an answer");
                return result.and_then(|()| answer.ok_or_else(none));
            }
            Action::Credentials { rejected } => {
                Event::Credentials(lent(provider, rejected.as_deref()))
            }
            Action::Send(request) => {
                // An answer that is not handed on is closed before the next request.
                answer = None;
                match ask(&request, call.body()) {
                    Ok((head, incoming)) => {
                        answer = Some(incoming);
                        Event::Answer(head)
                    }
                    Err(Unanswered::NotSent { .. }) => Event::NotSent,
                    Err(Unanswered::Failed(error)) => Event::Failed(error),
                }
            }
            Action::Wait(time) => {
                clock::sleep(time);
                Event::Time
            }
        };
        call.handle(event, clock::now(), clock::random());
    }
}

fn lent(
    provider: &Provider,
    rejected: Option<&str>,
) -> Result<sealift_core::credentials::Credentials, Error> {
    let answer = vault::credentials(provider, rejected);
    convert::credentials(answer.map_err(Error::from)?)
}

fn ask(
    request: &HttpRequest<()>,
    body: &[u8],
) -> Result<(sealift_core::Response, IncomingResponse), Unanswered> {
    let to = request
        .uri()
        .authority()
        .map_or("the service", |it| it.as_str());
    let outgoing = wire::outgoing(request)?;
    let pending = if body.is_empty() {
        wire::begin(outgoing, None, to)?
    } else {
        wire::begin_with(outgoing, body, None, to)?
    };
    pending.subscribe().block();
    let incoming = wire::arrived(&pending, to)?;
    Ok((wire::head(&incoming, to)?, incoming))
}
