//! Which operation a request asks for, told before `s3s` looks at it.
//!
//! Faults come before signatures are checked, and counts include requests that
//! `s3s` never sees; so neither can wait for its routing.

use http::Method;
use http::header::HOST;
use http::request::Parts;

use crate::operation::Operation;

/// The operation that a request asks for, as far as its line and host tell.
pub(super) fn operation(request: &Parts) -> Operation {
    let query = Query(request.uri.query().unwrap_or_default());
    match Target::of(request) {
        Target::Service if request.method == Method::GET => Operation::ListBuckets,
        Target::Service => Operation::Unknown,
        Target::Bucket => of_bucket(&request.method, query),
        Target::Object => of_object(request, query),
    }
}

/// The bucket that a request names.
pub(super) fn bucket(request: &Parts) -> Option<String> {
    bucket_and_key(request).0
}

/// What a request is about.
enum Target {
    Service,
    Bucket,
    Object,
}

impl Target {
    fn of(request: &Parts) -> Self {
        match bucket_and_key(request) {
            (None, _) => Self::Service,
            (Some(_), "") => Self::Bucket,
            (Some(_), _) => Self::Object,
        }
    }
}

/// From `BUCKET.localhost` and the path, or from the path alone. The key is
/// percent-encoded; bucket names need no encoding.
fn bucket_and_key(request: &Parts) -> (Option<String>, &str) {
    let path = request.uri.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    if let Some(bucket) = bucket_of_host(request) {
        return (Some(bucket), path);
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    ((!bucket.is_empty()).then(|| bucket.to_owned()), key)
}

fn bucket_of_host(request: &Parts) -> Option<String> {
    let header = request
        .headers
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let host = header.or_else(|| request.uri.host())?;
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    name.strip_suffix(".localhost").map(str::to_owned)
}

fn of_bucket(method: &Method, query: Query<'_>) -> Operation {
    match *method {
        Method::PUT if query.is_empty() => Operation::CreateBucket,
        Method::HEAD => Operation::HeadBucket,
        Method::GET if query.has("uploads") => Operation::ListMultipartUploads,
        Method::GET if query.has("location") => Operation::GetBucketLocation,
        Method::GET if query.has("list-type") => Operation::ListObjectsV2,
        Method::GET => Operation::ListObjects,
        _ => Operation::Unknown,
    }
}

fn of_object(request: &Parts, query: Query<'_>) -> Operation {
    let is_copy = request.headers.contains_key("x-amz-copy-source");
    match request.method {
        Method::PUT if is_copy => Operation::Unknown,
        Method::PUT if query.has("partNumber") => Operation::UploadPart,
        Method::PUT if query.has_any(&SUBRESOURCES) => Operation::Unknown,
        Method::PUT => Operation::PutObject,
        Method::POST if query.has("uploads") => Operation::CreateMultipartUpload,
        Method::POST if query.has("uploadId") => Operation::CompleteMultipartUpload,
        Method::DELETE if query.has("uploadId") => Operation::AbortMultipartUpload,
        Method::DELETE if query.has_any(&SUBRESOURCES) => Operation::Unknown,
        Method::DELETE => Operation::DeleteObject,
        Method::HEAD => Operation::HeadObject,
        Method::GET if query.has("uploadId") => Operation::ListParts,
        Method::GET if query.has("tagging") => Operation::GetObjectTagging,
        Method::GET if query.has("acl") => Operation::GetObjectAcl,
        Method::GET if query.has("retention") => Operation::GetObjectRetention,
        Method::GET if query.has("legal-hold") => Operation::GetObjectLegalHold,
        Method::GET => Operation::GetObject,
        _ => Operation::Unknown,
    }
}

/// What belongs to an object without being its bytes.
const SUBRESOURCES: [&str; 4] = ["acl", "legal-hold", "retention", "tagging"];

/// The names in a query; S3's own need no percent-decoding.
#[derive(Clone, Copy)]
struct Query<'a>(&'a str);

impl Query<'_> {
    fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    fn has(self, name: &str) -> bool {
        let pairs = self.0.split('&');
        pairs
            .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
            .any(|other| other == name)
    }

    fn has_any(self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use http::Request;

    fn routed(method: &str, host: &str, uri: &str) -> Operation {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(HOST, host);
        operation(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn requests_are_told_apart_by_method_path_and_query() {
        let cases = [
            ("GET", "/", Operation::ListBuckets),
            ("PUT", "/b", Operation::CreateBucket),
            ("HEAD", "/b", Operation::HeadBucket),
            ("GET", "/b", Operation::ListObjects),
            ("GET", "/b?list-type=2&prefix=a", Operation::ListObjectsV2),
            ("GET", "/b?uploads", Operation::ListMultipartUploads),
            ("GET", "/b/?location", Operation::GetBucketLocation),
            ("PUT", "/b/k", Operation::PutObject),
            ("PUT", "/b/a/b?x-id=PutObject", Operation::PutObject),
            ("PUT", "/b/k?tagging", Operation::Unknown),
            ("POST", "/b/k?uploads", Operation::CreateMultipartUpload),
            ("PUT", "/b/k?partNumber=1&uploadId=u", Operation::UploadPart),
            ("GET", "/b/k?uploadId=u", Operation::ListParts),
            (
                "POST",
                "/b/k?uploadId=u",
                Operation::CompleteMultipartUpload,
            ),
            ("DELETE", "/b/k?uploadId=u", Operation::AbortMultipartUpload),
            ("DELETE", "/b/k", Operation::DeleteObject),
            ("HEAD", "/b/k", Operation::HeadObject),
            ("GET", "/b/k?partNumber=2", Operation::GetObject),
            ("GET", "/b/k?tagging", Operation::GetObjectTagging),
            ("GET", "/b/k?legal-hold", Operation::GetObjectLegalHold),
            ("PATCH", "/b/k", Operation::Unknown),
        ];
        for (method, uri, expected) in cases {
            assert_eq!(
                routed(method, "127.0.0.1:1", uri),
                expected,
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn a_bucket_in_the_host_leaves_the_path_to_the_key() {
        assert_eq!(routed("PUT", "b.localhost:1", "/k"), Operation::PutObject);
        assert_eq!(routed("PUT", "localhost:1", "/k"), Operation::CreateBucket);
        assert_eq!(routed("GET", "b.localhost", "/"), Operation::ListObjects);
    }
}
