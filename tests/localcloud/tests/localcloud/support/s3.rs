//! Signing by AWS's own crate.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SigningCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;

use super::{Client, Credentials, Response};

/// What is signed as the hash of the body.
#[derive(Clone, Copy)]
pub enum Payload<'a> {
    Signed,
    Unsigned,
    /// The value of `x-amz-content-sha256`, whatever the body is.
    As(&'a str),
}

#[derive(Clone)]
pub struct S3 {
    pub client: Client,
    pub credentials: Credentials,
    pub region: String,
    pub clock_offset: i64,
}

impl S3 {
    pub async fn get(&self, path: &str) -> Response {
        self.call("GET", path, &[], b"").await
    }

    pub async fn put(&self, path: &str, body: &[u8]) -> Response {
        self.call("PUT", path, &[], body).await
    }

    /// Signs and sends; `path` is percent-encoded and may have a query.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let request = self.sign(method, path, headers, body, Payload::Signed);
        self.client.send(request).await.unwrap()
    }

    pub fn sign(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        payload: Payload<'_>,
    ) -> Request<Bytes> {
        let host = self.client.address.clone();
        self.sign_for(&host, method, path, headers, body, payload)
    }

    pub fn sign_for(
        &self,
        host: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        payload: Payload<'_>,
    ) -> Request<Bytes> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://{host}{path}"));
        request = request.header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Bytes::copy_from_slice(body)).unwrap();
        let signed = match payload {
            Payload::Signed => SignableBody::Bytes(body),
            Payload::Unsigned => SignableBody::UnsignedPayload,
            Payload::As(value) => SignableBody::Precomputed(value.to_owned()),
        };
        self.apply(&mut request, signed, None);
        // HTTP/1.1 wants no scheme and authority in the request line.
        if !self.client.tls.alpn_protocols.contains(&b"h2".to_vec()) {
            let path = request.uri().path_and_query().unwrap().as_str().to_owned();
            *request.uri_mut() = path.parse().unwrap();
        }
        request
    }

    pub fn presign(&self, method: &str, path: &str, expires: Duration) -> Request<Bytes> {
        let host = &self.client.address;
        let request = Request::builder()
            .method(method)
            .uri(format!("https://{host}{path}"));
        let mut request = request.header("host", host).body(Bytes::new()).unwrap();
        self.apply(&mut request, SignableBody::UnsignedPayload, Some(expires));
        let path = request.uri().path_and_query().unwrap().as_str().to_owned();
        *request.uri_mut() = path.parse().unwrap();
        request
    }

    fn apply(
        &self,
        request: &mut Request<Bytes>,
        body: SignableBody<'_>,
        expires: Option<Duration>,
    ) {
        let Credentials {
            access_key_id,
            secret_access_key,
            session_token,
            ..
        } = self.credentials.clone();
        let token = Some(session_token).filter(|token| !token.is_empty());
        let identity =
            SigningCredentials::new(access_key_id, secret_access_key, token, None, "test").into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        if expires.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
            settings.expires_in = expires;
        }
        let offset = Duration::from_secs(self.clock_offset.unsigned_abs());
        let now = SystemTime::now();
        let time = if self.clock_offset < 0 {
            now - offset
        } else {
            now + offset
        };
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(time)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let uri = request.uri().to_string();
        let signable = SignableRequest::new(
            request.method().as_str(),
            &uri,
            headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
            body,
        )
        .unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(request);
    }
}

/// The body of an aws-chunked request, in chunks of 64 KiB, with one trailer.
pub fn aws_chunked(body: &[u8], trailer: &str) -> Vec<u8> {
    let mut text = vec![];
    for chunk in body.chunks(64 * 1024) {
        text.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        text.extend_from_slice(chunk);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(format!("0\r\n{trailer}\r\n\r\n").as_bytes());
    text
}

/// The CRC64NVME of some bytes as S3 writes it.
pub fn crc64nvme(body: &[u8]) -> String {
    use base64::Engine as _;
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, body);
    base64::engine::general_purpose::STANDARD.encode(crc.to_be_bytes())
}
