//! Where a repository's files come from: the port [`Source`] for the places of the configuration.
//!
//! Each source has a network of its own, whose policy allows the repository's origin alone: the component gets no new
//! reach by it. Redirects are not followed. What is fetched is not trusted: `sealift_release` verifies it, and ends a
//! fetch that takes too long.

mod answer;
mod download;
mod error;
mod file;
mod https;
mod s3;

use std::sync::Arc;

use sealift_config::RepositoryPlace;
use sealift_release::{DirectorySource, LARGEST_COMPONENT, Source};

pub use self::error::SourceError;
use self::file::File;
use self::https::HttpsSource;
use self::s3::S3Source;
use super::Device;
use crate::gateway::Gateway;

/// No list is longer, in bytes: a little more than what `sealift_release` takes of any.
const LARGEST_METADATA: u64 = 3 << 20;

/// The source of the gateway's `[release]` section. It remembers what it learns of a bucket's permissions, so that one
/// for all checks saves requests.
pub fn source(gateway: &Arc<Gateway>) -> Result<Arc<dyn Source>, SourceError> {
    let config = gateway.config();
    let Some(repository) = &config.release.repository else {
        return Err(SourceError::NotConfigured(config.path.clone()));
    };
    let device = || Arc::clone(gateway) as Arc<dyn Device>;
    let source: Arc<dyn Source> = match &repository.place {
        RepositoryPlace::Directory(path) => Arc::new(DirectorySource::new(path.clone())),
        RepositoryPlace::Https(url) => {
            let identity = repository.identity;
            let network = gateway.own_network(https::policy(url, identity), identity)?;
            Arc::new(HttpsSource::new(network, device(), url.clone()))
        }
        RepositoryPlace::S3 { bucket, prefix } => {
            let store = s3::Store::new(&gateway.store()?, bucket, prefix.clone())?;
            let endpoint = config.s3()?.endpoint.as_ref();
            let network = gateway.own_network(store.policy(endpoint)?, false)?;
            Arc::new(S3Source::new(network, device(), store))
        }
    };
    Ok(source)
}

/// How much an answer may have, in bytes.
fn most(file: &File<'_>) -> u64 {
    if file.is_target() {
        LARGEST_COMPONENT
    } else {
        LARGEST_METADATA
    }
}
