//! Objects of a bucket, read with the device's own credentials.

mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::RANGE;
use http::{Request, Response, StatusCode};
use sealift_core::ErrorKind;
use sealift_core::s3::Destination;
use sealift_network::{Network, ResponseBody};
use sealift_release::{ByteStream, FetchError, Source};

pub(super) use self::store::Store;
use super::download::download;
use super::error::{Trouble, not_found};
use super::file::File;
use super::{answer, most};
use crate::updates::Device;
use crate::updates::client::{Client, beginning};

/// The longest refusal that is read, in bytes; S3's are shorter than 1 KiB.
const LONGEST_REFUSAL: usize = 16 * 1024;

/// The longest list of one object, in bytes.
const LONGEST_LIST: u64 = 16 * 1024;

/// What is below a prefix of a bucket.
#[derive(Debug)]
pub(super) struct S3Source {
    client: Client,
    store: Store,
    /// Whether the role is known not to be told which objects there are.
    kept_in_the_dark: AtomicBool,
}

/// A request that did not bring an object.
struct Refusal {
    status: StatusCode,
    error: sealift_core::Error,
}

impl S3Source {
    pub(super) fn new(network: Network, device: Arc<dyn Device>, store: Store) -> Self {
        Self {
            client: Client::new(network, device),
            store,
            kept_in_the_dark: AtomicBool::new(false),
        }
    }

    /// Asks for an object, and once more if the store knows better about the credentials than we do.
    async fn get(
        &self,
        file: &File<'_>,
        offset: u64,
    ) -> Result<Result<Response<ResponseBody>, Refusal>, Trouble> {
        let at = self.store.object(file.path())?;
        let device = self.client.device();
        let mut rejected: Option<String> = None;
        loop {
            let credentials = device.credentials(rejected.as_deref()).await?;
            let mut request = Request::get(at.uri()?).body(())?;
            if let Some(range) = answer::range(offset) {
                request.headers_mut().insert(RANGE, range);
            }
            store::sign(&mut request, &at, &credentials, device.now())?;
            let request = request.map(|()| Bytes::new());
            let response = self.client.send(request, most(file)).await?;
            let refusal = match response.status() {
                status if status.is_success() => return Ok(Ok(response)),
                StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Ok(response)),
                _ => refusal(response, &at).await?,
            };
            if refusal.error.kind != ErrorKind::ExpiredCredentials || rejected.is_some() {
                return Ok(Err(refusal));
            }
            rejected = Some(credentials.access_key_id().to_owned());
        }
    }

    /// Whether a refusal of S3 means that there is no such object. To those who may not list the bucket it says 403 of
    /// every object that is not there ("`GetObject`", Amazon S3 API Reference), and 404 to all others.
    async fn is_missing(&self, refusal: &Refusal) -> Result<bool, Trouble> {
        let code = refusal.error.code.as_deref();
        match (refusal.status, code) {
            (StatusCode::NOT_FOUND | StatusCode::GONE, code) => Ok(code != Some("NoSuchBucket")),
            (StatusCode::FORBIDDEN, Some("AccessDenied")) => {
                Ok(match named_action(&refusal.error.message) {
                    Some(Action::List) => true,
                    Some(Action::Get) => false,
                    None => self.may_not_list().await?,
                })
            }
            _ => Ok(false),
        }
    }

    /// Asked once, by a list of one object at most.
    async fn may_not_list(&self) -> Result<bool, Trouble> {
        if self.kept_in_the_dark.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let device = self.client.device();
        let credentials = device.credentials(None).await?;
        let mut request = Request::get(self.store.listing()?).body(())?;
        store::sign(&mut request, self.store.place(), &credentials, device.now())?;
        let request = request.map(|()| Bytes::new());
        let response = self.client.send(request, LONGEST_LIST).await?;
        let forbidden = response.status() == StatusCode::FORBIDDEN;
        // Read, so that the connection can be used again.
        beginning(response.into_body(), LONGEST_REFUSAL).await;
        self.kept_in_the_dark.store(forbidden, Ordering::Relaxed);
        Ok(forbidden)
    }
}

#[async_trait]
impl Source for S3Source {
    async fn open(&self, path: &str, offset: u64) -> Result<ByteStream, FetchError> {
        let failed = |trouble: Trouble| trouble.of(path);
        let file = File::parse(path).ok_or_else(|| failed(Trouble::Name))?;
        let refusal = match self.get(&file, offset).await.map_err(failed)? {
            Ok(response) => return download(response, path, offset),
            Err(refusal) => refusal,
        };
        if self.is_missing(&refusal).await.map_err(failed)? {
            Err(not_found(path))
        } else {
            Err(failed(Trouble::Refused(refusal.error)))
        }
    }
}

async fn refusal(response: Response<ResponseBody>, at: &Destination) -> Result<Refusal, Trouble> {
    let (head, body) = response.into_parts();
    let status = head.status;
    let body = beginning(body, LONGEST_REFUSAL).await;
    let response = sealift_core::Response::new(status, head.headers, body)?;
    let operation = sealift_core::s3::Operation::GetObject;
    match sealift_core::s3::error::refusal(&response, operation, at) {
        Some(error) => Ok(Refusal { status, error }),
        None => Err(Trouble::Status(status)),
    }
}

/// What the role lacks.
enum Action {
    List,
    Get,
}

/// The action that S3 names to callers of the bucket's own account ("Troubleshoot access denied errors", Amazon S3
/// User Guide).
fn named_action(message: &str) -> Option<Action> {
    if message.contains("perform: s3:ListBucket") {
        Some(Action::List)
    } else if message.contains("perform: s3:GetObject") {
        Some(Action::Get)
    } else {
        None
    }
}
