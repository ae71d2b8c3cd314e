//! Where unfinished multipart uploads are looked for.

use std::fmt;

use http::Uri;
use percent_encoding::utf8_percent_encode;

use super::bucket::Bucket;
use super::key::UNRESERVED;
use super::operation::UploadId;
use super::store::Store;
use crate::error::Error;
use crate::excerpt::excerpt;

/// The keys of a bucket that begin with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Listing {
    /// The store that has the bucket.
    pub store: Store,
    /// The bucket.
    pub bucket: Bucket,
    /// The literal beginning of the keys; empty for all.
    pub prefix: String,
}

/// The last upload of a page: the next page begins behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Marker {
    /// Its object's literal name.
    pub key: String,
    /// Its id.
    pub upload: UploadId,
}

/// How many uploads are asked for at once: what S3 says of them, with the longest keys, stays
/// well within [`MAX_BODY`](crate::response::MAX_BODY).
const PAGE: u16 = 200;

impl Listing {
    /// The URI of `ListMultipartUploads`, a `GET`. Keys come percent-encoded, because XML has
    /// no way to write some characters.
    pub fn uri(&self, after: Option<&Marker>) -> Result<Uri, Error> {
        let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let prefix = Some(&self.prefix).filter(|prefix| !prefix.is_empty());
        let fields = [
            ("encoding-type", Some("url".to_owned())),
            ("key-marker", after.map(|after| encode(&after.key))),
            ("max-uploads", Some(PAGE.to_string())),
            ("prefix", prefix.map(|prefix| encode(prefix))),
            ("upload-id-marker", after.map(|after| after.upload.encode())),
        ];
        let given = fields
            .into_iter()
            .filter_map(|(name, value)| Some(format!("&{name}={}", value?)));
        let query = format!("uploads{}", given.collect::<String>());
        self.store.uri(&self.bucket, "", Some(&query))
    }
}

impl fmt::Display for Listing {
    /// `s3://BUCKET/PREFIX`, shortened and cleaned for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, prefix, .. } = self;
        f.write_str(&excerpt(&format!("s3://{bucket}/{prefix}")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_bucket_is_asked_and_prefix_and_marker_are_encoded() {
        let mut listing = Listing {
            store: Store::aws("eu-west-1".parse().unwrap(), "amazonaws.com").unwrap(),
            bucket: "abc".parse().unwrap(),
            prefix: String::new(),
        };
        assert_eq!(
            listing.uri(None).unwrap(),
            "https://abc.s3.eu-west-1.amazonaws.com/?uploads&encoding-type=url&max-uploads=200"
        );
        listing.prefix = "a b/&".to_owned();
        let marker = Marker {
            key: "a b/&=".to_owned(),
            upload: "x/y".parse().unwrap(),
        };
        assert_eq!(
            listing.uri(Some(&marker)).unwrap().query().unwrap(),
            "uploads&encoding-type=url&key-marker=a%20b%2F%26%3D&max-uploads=200\
             &prefix=a%20b%2F%26&upload-id-marker=x%2Fy"
        );
    }
}
