//! Lists the buckets with what the SDK's own chain of providers finds, until two sets of credentials were used,
//! and prints their ids.
//!
//! The SDK does not know `AWS_CA_BUNDLE`, so that its roots are given to it here; all else is as users have it.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::{Duration, Instant};

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::ProvideCredentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let roots = std::fs::read(std::env::var("AWS_CA_BUNDLE")?)?;
    let trust = TrustStore::empty().with_pem_certificate(roots);
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(TlsContext::builder().with_trust_store(trust).build()?)
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .load()
        .await;
    let provider = config.credentials_provider().ok_or("no provider")?;
    let store = Client::new(&config);
    let mut ids = BTreeSet::new();
    let deadline = Instant::now() + PATIENCE;
    while ids.len() < 2 {
        if Instant::now() > deadline {
            return Err("no new credentials".into());
        }
        let listed = store.list_buckets().send().await?;
        let names: Vec<_> = listed.buckets().iter().map(|bucket| bucket.name()).collect();
        if names != [Some("demo")] {
            return Err(format!("other buckets: {names:?}").into());
        }
        ids.insert(provider.provide_credentials().await?.access_key_id().to_owned());
    }
    for id in ids {
        println!("{id}");
    }
    Ok(())
}
