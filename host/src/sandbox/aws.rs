//! A call of any AWS service: the component signs and sends, the host takes in the answer.

use std::future::Future;
use std::io;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use wasmtime::Store;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError};
use wasmtime_wasi_http::p2::types::HostIncomingResponse;

use super::bindings::exports::sealift::gateway::aws::Request;
use super::call::Call;
use super::error::{CallError, NotTaken};
use super::state::State;
use super::{Answer, ErrorKind};

/// What an instance may send for a call, in bytes: the longest body as often as it may be tried again.
const BYTES_OUT: u64 = 16 * 1024 * 1024;

/// The most of an answer that is handed on at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Who takes in an answer while it arrives. An answer arrives no faster than it is taken in.
pub trait Receiver: Send {
    /// How it begins.
    fn head(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> impl Future<Output = io::Result<()>> + Send;

    /// What comes next of its body.
    fn piece(&mut self, bytes: Bytes) -> impl Future<Output = io::Result<()>> + Send;
}

impl Call<'_> {
    pub(super) async fn aws(
        mut self,
        request: Request,
        receiver: &mut impl Receiver,
    ) -> Result<(), CallError> {
        self.store.data_mut().egress.store(BYTES_OUT, 0);
        self.run(None, async |uploader, store| {
            let aws = uploader.sealift_gateway_aws();
            match aws.call_call(&mut *store, &request).await? {
                Ok(answer) => hand_on(store, answer, receiver).await,
                Err(answer) => Ok(Err(answer)),
            }
        })
        .await
    }

    pub(super) async fn presign(
        mut self,
        request: Request,
        seconds: u32,
    ) -> Result<String, CallError> {
        self.run(None, async |uploader, store| {
            let aws = uploader.sealift_gateway_aws();
            aws.call_presign(store, &request, seconds).await
        })
        .await
    }
}

async fn hand_on(
    store: &mut Store<State>,
    answer: Resource<HostIncomingResponse>,
    receiver: &mut impl Receiver,
) -> wasmtime::Result<Result<(), Answer>> {
    let answer = store.data_mut().table.delete(answer)?;
    let status = StatusCode::from_u16(answer.status)?;
    receiver
        .head(status, &answer.headers)
        .await
        .map_err(NotTaken)?;
    let Some(mut stream) = answer.body.and_then(|mut body| body.take_stream()) else {
        let message = "the component handed on an answer without its body";
        return Ok(Err(Answer::new(ErrorKind::Internal, message)));
    };
    let mut taken: u64 = 0;
    loop {
        stream.ready().await;
        match stream.read(PIECE) {
            Ok(piece) => {
                taken += piece.len() as u64;
                receiver.piece(piece).await.map_err(NotTaken)?;
            }
            Err(StreamError::Closed) => return Ok(Ok(())),
            Err(_) => {
                let message = format!("the answer broke off after {taken} bytes");
                return Ok(Err(Answer::new(ErrorKind::Network, message)));
            }
        }
    }
}
