//! Answers that point to another region.

use http::uri::PathAndQuery;
use http::{Uri, header};

use super::{Request, address};
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
    let host = match named.as_ref().and_then(Uri::authority) {
        Some(authority) => authority.as_str().to_owned(),
        None => in_region(old.host()?, &request.region, &region)?,
    };
    // A name with neither a port of its own nor a user: so it ends as AWS's do.
    let host = address::as_sent(&host).ok()?;
    let partition = |host: &str| PARTITIONS.iter().find(|&&end| host.ends_with(end));
    let from = partition(old.authority()?.as_str())?;
    let to = host.to_string();
    if partition(&to) != Some(from) || Some(to.as_str()) == old.host() {
        return None;
    }
    let mut moved = request.clone();
    let path = old.path_and_query().map_or("/", PathAndQuery::as_str);
    *moved.head.uri_mut() = address::at(&host, path).ok()?;
    moved.region = region;
    Some(moved)
}

/// The region's name is the last of its kind: a bucket may have one in its own name.
fn in_region(host: &str, from: &Region, to: &Region) -> Option<String> {
    let (before, after) = host.rsplit_once(&format!(".{from}."))?;
    Some(format!("{before}.{to}.{after}"))
}
