//! A client that shares nothing with what it checks: its own HTTP, TLS set-up and signing.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningError,
    SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use serde::Deserialize;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::device::Device;

/// Larger objects are not part of the story.
const LARGEST: u64 = 512 * 1024 * 1024;

/// Why the object could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("cannot read a file")]
    File(#[from] io::Error),
    #[error("the request failed")]
    Http(#[from] ureq::Error),
    #[error("the request could not be signed")]
    Sign(#[from] SigningError),
    #[error("the signing parameters are incomplete")]
    Parameters(#[from] v4::signing_params::BuildError),
}

#[derive(Deserialize)]
struct Answer {
    credentials: Temporary,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Temporary {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

/// Fetches credentials of its own and reads the object.
pub(super) fn read(device: &Device, bucket: &str, key: &str) -> Result<Vec<u8>, ReadError> {
    let roots = certificates(&fs::read(&device.ca)?)?;
    let credentials = credentials(device, &roots)?;
    let url = format!("{}/{bucket}/{key}", device.s3_endpoint);
    let mut request = http::Request::get(&url)
        .body(())
        .map_err(ureq::Error::from)?;
    authorize(&mut request, &url, &credentials)?;
    let mut response = agent(&roots, None).run(request)?;
    Ok(response
        .body_mut()
        .with_config()
        .limit(LARGEST)
        .read_to_vec()?)
}

fn credentials(device: &Device, roots: &[Certificate<'static>]) -> Result<Temporary, ReadError> {
    let chain = certificates(&fs::read(&device.certificate)?)?;
    let key = PrivateKey::from_pem(&fs::read(&device.key)?)?;
    let identity = ClientCert::new_with_certs(&chain, key);
    let url = format!(
        "https://{}/role-aliases/s3_role_alias/credentials",
        device.credentials_endpoint
    );
    let request = agent(roots, Some(identity))
        .get(&url)
        .header("x-amzn-iot-thingname", "thing_x");
    let text = request.call()?.body_mut().read_to_string()?;
    let answer: Answer = serde_json::from_str(&text).map_err(io::Error::from)?;
    Ok(answer.credentials)
}

fn agent(roots: &[Certificate<'static>], identity: Option<ClientCert>) -> ureq::Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(roots))
        .client_cert(identity)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .build()
        .into()
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ReadError> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item? {
            found.push(certificate);
        }
    }
    Ok(found)
}

fn authorize(
    request: &mut http::Request<()>,
    url: &str,
    credentials: &Temporary,
) -> Result<(), ReadError> {
    let identity = Credentials::new(
        &credentials.access_key_id,
        &credentials.secret_access_key,
        Some(credentials.session_token.clone()),
        None,
        "demo",
    )
    .into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("ap-northeast-1")
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()?
        .into();
    let signable = SignableRequest::new(
        "GET",
        url,
        std::iter::empty(),
        SignableBody::UnsignedPayload,
    )?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
