//! What a request says about its own signature.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use time::{Duration, OffsetDateTime};

use super::refusal::SignatureFault;
use crate::REGION;
use crate::clock::amz_date;
use crate::hex::from_hex;

/// How far the date of a request may be from the cloud's clock. AWS's usual limit.
const MAX_SKEW: Duration = Duration::minutes(5);

/// What a request says about its own signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) algorithm: Algorithm,
    /// The certificate's serial number, in decimal.
    serial: String,
    scope: Scope,
    signed_headers: String,
    pub(super) signature: Vec<u8>,
}

/// How the signature is made. ML-DSA, which AWS takes too, is not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rsa,
    /// ECDSA with SHA-256, on any curve.
    Ecdsa,
}

/// `20260102/REGION/SERVICE/aws4_request`.
#[derive(Debug, PartialEq, Eq)]
struct Scope {
    date: String,
    region: String,
    service: String,
}

const TERMINATOR: &str = "aws4_request";

impl Algorithm {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rsa => "AWS4-X509-RSA-SHA256",
            Self::Ecdsa => "AWS4-X509-ECDSA-SHA256",
        }
    }
}

impl Authorization {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, SignatureFault> {
        let header = headers.get(AUTHORIZATION).ok_or(SignatureFault::Unsigned)?;
        Self::parse(header.to_str().map_err(|_| SignatureFault::Malformed)?)
    }

    /// Reads `ALGORITHM Credential=SERIAL/SCOPE, SignedHeaders=NAME;NAME, Signature=HEX`.
    fn parse(text: &str) -> Result<Self, SignatureFault> {
        const MALFORMED: SignatureFault = SignatureFault::Malformed;
        let (algorithm, fields) = text.split_once(' ').ok_or(MALFORMED)?;
        let algorithm = [Algorithm::Rsa, Algorithm::Ecdsa]
            .into_iter()
            .find(|known| known.name() == algorithm)
            .ok_or_else(|| SignatureFault::UnknownAlgorithm(algorithm.to_owned()))?;
        let mut fields = fields.split(',').map(str::trim);
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        let credential = field("Credential").ok_or(MALFORMED)?;
        let signed_headers = field("SignedHeaders").ok_or(MALFORMED)?.to_owned();
        let signature = field("Signature").and_then(from_hex).ok_or(MALFORMED)?;
        if fields.next().is_some() {
            return Err(MALFORMED);
        }
        let (serial, scope) = credential.split_once('/').ok_or(MALFORMED)?;
        let scope = Scope::parse(scope).ok_or(MALFORMED)?;
        let names = signed_headers.split(';');
        if names.clone().any(|name| !is_lower_case_name(name)) || !names.is_sorted_by(|a, b| a < b)
        {
            return Err(SignatureFault::SignedHeaders);
        }
        Ok(Self {
            algorithm,
            serial: serial.to_owned(),
            scope,
            signed_headers,
            signature,
        })
    }

    /// Whether this is a signature for this service by the certificate with that serial number
    /// (in decimal), made about now.
    pub(super) fn check(
        &self,
        serial: &str,
        headers: &HeaderMap,
        now: OffsetDateTime,
    ) -> Result<(), SignatureFault> {
        if self.serial != serial {
            return Err(SignatureFault::Serial(serial.to_owned()));
        }
        let Scope {
            date,
            region,
            service,
        } = &self.scope;
        if region != REGION {
            return Err(SignatureFault::Region(region.clone()));
        }
        if service != "rolesanywhere" {
            return Err(SignatureFault::Service(service.clone()));
        }
        if let Some(name) = self.unsigned(headers) {
            return Err(SignatureFault::NotSigned(name));
        }
        let text = date_header(headers)?;
        let request = amz_date(text).ok_or(SignatureFault::Date)?;
        if !text.starts_with(&format!("{date}T")) {
            return Err(SignatureFault::ScopeDate(date.clone()));
        }
        if (request - now).abs() > MAX_SKEW {
            return Err(SignatureFault::Skewed {
                request,
                server: now,
            });
        }
        Ok(())
    }

    /// The names of the signed headers.
    pub(super) fn signed_headers(&self) -> impl Iterator<Item = &str> + Clone {
        self.signed_headers.split(';')
    }

    /// A header that has to be signed and is not: if they are there, also the content type and all
    /// that begin with `x-amz-`.
    fn unsigned(&self, headers: &HeaderMap) -> Option<String> {
        let must = |name: &&str| *name == "content-type" || name.starts_with("x-amz-");
        let there = headers.keys().map(http::HeaderName::as_str).filter(must);
        ["host", "x-amz-date", "x-amz-x509"]
            .into_iter()
            .chain(there)
            .find(|name| !self.signed_headers().any(|signed| signed == *name))
            .map(str::to_owned)
    }

    /// What the certificate's key signs: no key is derived from it.
    pub(super) fn string_to_sign(
        &self,
        headers: &HeaderMap,
        hashed_canonical_request: &str,
    ) -> Result<String, SignatureFault> {
        let Scope {
            date,
            region,
            service,
        } = &self.scope;
        Ok(format!(
            "{}\n{}\n{date}/{region}/{service}/{TERMINATOR}\n{hashed_canonical_request}",
            self.algorithm.name(),
            date_header(headers)?,
        ))
    }
}

impl Scope {
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split('/').collect();
        match fields[..] {
            [date, region, service, TERMINATOR] => Some(Self {
                date: date.to_owned(),
                region: region.to_owned(),
                service: service.to_owned(),
            }),
            _ => None,
        }
    }
}

fn date_header(headers: &HeaderMap) -> Result<&str, SignatureFault> {
    headers
        .get("x-amz-date")
        .and_then(|value| value.to_str().ok())
        .ok_or(SignatureFault::Date)
}

fn is_lower_case_name(name: &str) -> bool {
    !name.is_empty() && !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const WHOLE: &str = "AWS4-X509-RSA-SHA256 Credential=291/20260102/ap-northeast-1/rolesanywhere/aws4_request, \
                         SignedHeaders=host;x-amz-date, Signature=00ff";

    #[test]
    fn the_header_of_aws_own_helper_is_read() {
        let read = Authorization::parse(WHOLE).unwrap();
        assert_eq!(read.algorithm, Algorithm::Rsa);
        assert_eq!(read.serial, "291");
        assert_eq!(read.scope.region, "ap-northeast-1");
        assert_eq!(read.signature, [0x00, 0xff]);
        assert!(read.signed_headers().eq(["host", "x-amz-date"]));
        assert_eq!(Authorization::parse(&WHOLE.replace(", ", ",")), Ok(read));
    }

    #[test]
    fn what_is_not_such_a_header_is_refused() {
        for (from, to) in [
            ("Credential=", ""),
            ("Credential", "credential"),
            ("/aws4_request", "/aws4_requests"),
            ("291/", ""),
            (", Signature=00ff", ""),
            ("00ff", "00f"),
            ("00ff", "00FF"),
            ("00ff", "00ff, More=1"),
        ] {
            let text = WHOLE.replacen(from, to, 1);
            assert_eq!(
                Authorization::parse(&text),
                Err(SignatureFault::Malformed),
                "{text}"
            );
        }
        for list in ["host;host", "x-amz-date;host", "Host", "host;", ""] {
            let text = WHOLE.replace("host;x-amz-date", list);
            assert_eq!(
                Authorization::parse(&text),
                Err(SignatureFault::SignedHeaders),
                "{text}"
            );
        }
        let other = WHOLE.replace("X509-RSA", "HMAC");
        let algorithm = "AWS4-HMAC-SHA256".to_owned();
        assert_eq!(
            Authorization::parse(&other),
            Err(SignatureFault::UnknownAlgorithm(algorithm))
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_refused(text in "(AWS4-X509-ECDSA-SHA256 )?.{0,80}") {
            let _ = Authorization::parse(&text);
        }
    }
}
