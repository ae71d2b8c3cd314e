//! Files of a web server.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::RANGE;
use http::{Method, Request};
use sealift_config::HttpsUrl;
use sealift_network::{DirectoryRule, Network, Policy, Rule};
use sealift_release::{ByteStream, FetchError, Source};

use super::download::download;
use super::error::Trouble;
use super::file::File;
use super::{answer, most};
use crate::updates::Device;
use crate::updates::client::Client;

/// What may be asked of the web server: everything, or with the device identity only what is below the directory.
pub(super) fn policy(url: &HttpsUrl, identity: bool) -> Policy {
    let origin = url.origin().clone();
    Policy::new([if identity {
        Rule::IdentityBelow(DirectoryRule {
            methods: vec![Method::GET],
            origin,
            path: url.path().to_owned(),
        })
    } else {
        Rule::Configured(origin)
    }])
}

/// A directory of a web server.
#[derive(Debug)]
pub(super) struct HttpsSource {
    client: Client,
    url: HttpsUrl,
}

impl HttpsSource {
    pub(super) fn new(network: Network, device: Arc<dyn Device>, url: HttpsUrl) -> Self {
        Self {
            client: Client::new(network, device),
            url,
        }
    }

    fn request(&self, file: &File<'_>, offset: u64) -> Result<Request<Bytes>, http::Error> {
        let mut request = Request::get(format!("{}{}", self.url, file.encode()));
        if let Some(range) = answer::range(offset) {
            request = request.header(RANGE, range);
        }
        request.body(Bytes::new())
    }
}

#[async_trait]
impl Source for HttpsSource {
    async fn open(&self, path: &str, offset: u64) -> Result<ByteStream, FetchError> {
        let failed = |trouble: Trouble| trouble.of(path);
        let file = File::parse(path).ok_or_else(|| failed(Trouble::Name))?;
        let request = self.request(&file, offset);
        let request = request.map_err(|error| failed(error.into()))?;
        let response = self.client.send(request, most(&file)).await;
        download(
            response.map_err(|error| failed(error.into()))?,
            path,
            offset,
        )
    }
}
