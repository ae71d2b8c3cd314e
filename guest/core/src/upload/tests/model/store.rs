//! A store with S3's rules for multipart uploads.

use std::collections::BTreeMap;
use std::ops::Range;

use http::{HeaderMap, HeaderValue, Request, StatusCode};

use crate::response::Response;

/// The bytes of the payload that something holds, in order: their places say what they are.
pub(super) type Content = Vec<Range<u64>>;

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) uploads: BTreeMap<String, BTreeMap<u16, Range<u64>>>,
    pub(super) object: Option<Content>,
    /// Whether the role may list parts and uploads, abort and look.
    pub(super) put_only: bool,
    pub(super) created: u32,
}

/// What the store says, and the checksum that a trailer would carry.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Said {
    pub(super) fn refusal(status: u16, code: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: format!("<Error><Code>{code}</Code></Error>"),
        }
    }

    fn ok(headers: &[(&'static str, &str)], body: String) -> Self {
        let owned = |&(name, value): &(&'static str, &str)| (name, value.to_owned());
        Self {
            status: 200,
            headers: headers.iter().map(owned).collect(),
            body,
        }
    }

    pub(super) fn response(&self) -> Response {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let status = StatusCode::from_u16(self.status).unwrap();
        Response::new(status, headers, self.body.clone().into_bytes()).unwrap()
    }
}

impl Store {
    /// Carries out a request that brings these bytes of the payload.
    pub(super) fn serve(&mut self, request: &Request<()>, range: Option<Range<u64>>) -> Said {
        let query = Query::of(request);
        match (request.method().as_str(), query.upload.clone(), query.part) {
            ("PUT", Some(upload), Some(part)) => self.part(&upload, part, range.unwrap()),
            ("PUT", None, None) => {
                self.object = Some(vec![range.unwrap()]);
                Said::ok(&[("etag", "\"whole\"")], String::new())
            }
            ("POST", None, _) => self.create(),
            ("POST", Some(upload), _) => self.complete(&upload, request),
            (_, _, _) if self.put_only => Said::refusal(403, "AccessDenied"),
            ("DELETE", Some(upload), _) => match self.uploads.remove(&upload) {
                Some(_) => Said::ok(&[], String::new()),
                None => Said::refusal(404, "NoSuchUpload"),
            },
            ("GET", Some(upload), _) => self.list(&upload),
            ("GET", None, _) => self.sweep(),
            ("HEAD", _, _) => self.head(),
            other => panic!("{other:?}"),
        }
    }

    fn create(&mut self) -> Said {
        self.created += 1;
        let id = format!("upload-{}", self.created);
        self.uploads.insert(id.clone(), BTreeMap::new());
        let body = format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        );
        Said::ok(&[], body)
    }

    fn part(&mut self, upload: &str, part: u16, range: Range<u64>) -> Said {
        let Some(parts) = self.uploads.get_mut(upload) else {
            return Said::refusal(404, "NoSuchUpload");
        };
        let etag = etag(&range);
        parts.insert(part, range);
        Said::ok(&[("etag", &etag)], String::new())
    }

    fn complete(&mut self, upload: &str, request: &Request<()>) -> Said {
        let Some(parts) = self.uploads.get(upload) else {
            return Said::refusal(404, "NoSuchUpload");
        };
        let size: u64 = parts.values().map(|range| range.end - range.start).sum();
        let announced = request.headers()["x-amz-mp-object-size"].to_str().unwrap();
        if announced != size.to_string() {
            return Said::refusal(400, "InvalidRequest");
        }
        let parts = self.uploads.remove(upload).unwrap();
        self.object = Some(parts.into_values().collect());
        let body = "  <CompleteMultipartUploadResult><ETag>\"made\"</ETag></CompleteMultipartUploadResult>";
        Said::ok(&[], body.to_owned())
    }

    fn list(&self, upload: &str) -> Said {
        let Some(parts) = self.uploads.get(upload) else {
            return Said::refusal(404, "NoSuchUpload");
        };
        let part = |(number, range): (&u16, &Range<u64>)| {
            let (etag, size) = (etag(range), range.end - range.start);
            format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>{size}</Size></Part>"
            )
        };
        let parts: String = parts.iter().map(part).collect();
        let body =
            format!("<ListPartsResult><IsTruncated>false</IsTruncated>{parts}</ListPartsResult>");
        Said::ok(&[], body)
    }

    fn sweep(&self) -> Said {
        let upload = |id: &String| {
            format!(
                "<Upload><Key>k</Key><UploadId>{id}</UploadId>\
                 <Initiated>2023-11-14T22:13:20.000Z</Initiated></Upload>"
            )
        };
        let uploads: String = self.uploads.keys().map(upload).collect();
        let body = format!(
            "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>{uploads}</ListMultipartUploadsResult>"
        );
        Said::ok(&[], body)
    }

    /// The whole object's checksum is not modelled: what is there cannot be compared.
    fn head(&self) -> Said {
        match &self.object {
            Some(_) => Said::ok(&[("etag", "\"there\"")], String::new()),
            None => Said::refusal(404, ""),
        }
    }
}

fn etag(range: &Range<u64>) -> String {
    format!("\"{}-{}\"", range.start, range.end)
}

struct Query {
    upload: Option<String>,
    part: Option<u16>,
}

impl Query {
    fn of(request: &Request<()>) -> Self {
        let query = request.uri().query().unwrap_or("");
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        Self {
            upload: value("uploadId").map(str::to_owned),
            part: value("partNumber").map(|part| part.parse().unwrap()),
        }
    }
}
