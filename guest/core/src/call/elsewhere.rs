//! Answers that point to another region.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Uri, header};

use super::Request;
use crate::response::Response;
use crate::s3::Region;

/// Hosts are AWS's where they end so.
const PARTITIONS: [&str; 5] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
];

/// The same request where S3 says that the bucket is: at the host of its `Location`, or with the region of
/// `x-amz-bucket-region` in the host's name. Credentials travel with a signature, so that they are led from one host
/// of AWS's to another and nowhere else.
pub(super) fn follow(request: &Request, head: &Response) -> Option<Request> {
    if request.service() != "s3" || !matches!(head.status().as_u16(), 301 | 307 | 308 | 400) {
        return None;
    }
    let old = request.head.uri();
    let said = head.text("x-amz-bucket-region").map(str::parse::<Region>);
    let region = said.and_then(Result::ok);
    let region = region.unwrap_or_else(|| request.region.clone());
    let named = head.text(header::LOCATION.as_str());
    let named = named.and_then(|location| location.parse::<Uri>().ok());
    let authority = match named.as_ref().and_then(Uri::authority) {
        Some(authority) => authority.clone(),
        None => in_region(old.host()?, &request.region, &region)?,
    };
    let partition = |host: &str| PARTITIONS.iter().find(|&&end| host.ends_with(end));
    let from = partition(old.host()?)?;
    if partition(authority.host()) != Some(from) || Some(&authority) == old.authority() {
        return None;
    }
    let mut moved = request.clone();
    let path = old.path_and_query().cloned();
    *moved.head.uri_mut() = Uri::builder()
        .scheme(Scheme::HTTPS)
        .authority(authority)
        .path_and_query(path.unwrap_or(PathAndQuery::from_static("/")))
        .build()
        .ok()?;
    moved.region = region;
    Some(moved)
}

fn in_region(host: &str, from: &Region, to: &Region) -> Option<Authority> {
    let (from, to) = (format!(".{from}."), format!(".{to}."));
    let moved = host.replacen(&from, &to, 1);
    if moved == host {
        None
    } else {
        moved.parse().ok()
    }
}
