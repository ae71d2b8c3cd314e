//! A store with S3's rules for multipart uploads, which refuses what S3 would refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use http::Request;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::completion::Completion;
use super::payload::{Content, Piece};
use super::said::Said;
use crate::checksum::Algorithm;
use crate::upload::Body;

/// How a store is, as long as it is there.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// Whether the role may neither look, list nor abort.
    pub(super) put_only: bool,
    /// Whether answers have checksums.
    pub(super) tells: bool,
    /// Whether a completion that is repeated is answered like the first.
    pub(super) repeats: bool,
    /// Entries on a page of a listing.
    pub(super) page: usize,
    /// The checksum that uploads are made with.
    pub(super) algorithm: Option<Algorithm>,
    /// Where the bucket is.
    pub(super) region: &'static str,
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) manner: Manner,
    pub(super) uploads: BTreeMap<String, Begun>,
    pub(super) object: Option<Content>,
    /// Whether it has told or kept something that is not so: then refusals are its own fault.
    pub(super) lied: bool,
    completed: BTreeSet<String>,
    created: u32,
}

/// A multipart upload.
#[derive(Debug)]
pub(super) struct Begun {
    at: SystemTime,
    parts: BTreeMap<u16, Piece>,
}

/// What comes with a request's head.
#[derive(Debug, Clone)]
pub(super) enum Brought {
    Nothing,
    Document(String),
    Piece(Piece),
}

impl Brought {
    pub(super) fn of(body: Body) -> Self {
        match body {
            Body::Empty => Self::Nothing,
            Body::Bytes(bytes) => Self::Document(String::from_utf8(bytes).unwrap()),
            Body::Payload { range, .. } => Self::Piece(Piece { range, sound: true }),
        }
    }

    /// Bytes of the payload.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Piece(piece) => piece.length(),
            _ => 0,
        }
    }
}

impl Store {
    pub(super) fn new(manner: Manner, object: Option<Content>) -> Self {
        Self {
            manner,
            uploads: BTreeMap::new(),
            object,
            lied: false,
            completed: BTreeSet::new(),
            created: 0,
        }
    }

    /// Carries out a request.
    pub(super) fn serve(
        &mut self,
        request: &Request<()>,
        brought: &Brought,
        now: SystemTime,
    ) -> Said {
        let region = self.manner.region;
        let authorization = request.headers()["authorization"].to_str().unwrap();
        if !authorization.contains(&format!("/{region}/s3/aws4_request")) {
            let mut said = Said::refusal(301, "PermanentRedirect");
            said.headers
                .push(("x-amz-bucket-region", region.to_owned()));
            return said;
        }
        let query = Query::of(request);
        let upload = query.upload.as_deref();
        match (request.method().as_str(), upload, brought) {
            ("PUT", _, Brought::Piece(piece)) => {
                self.check_head(request, piece);
                match (upload, query.part) {
                    (Some(upload), Some(part)) => self.part(upload, part, piece),
                    _ => self.put(piece),
                }
            }
            ("POST", None, _) => self.create(request, now),
            ("POST", Some(upload), Brought::Document(document)) => {
                self.complete(upload, request, document)
            }
            _ if self.manner.put_only => Said::refusal(403, "AccessDenied"),
            ("DELETE", Some(upload), _) => match self.uploads.remove(upload) {
                Some(_) => Said::ok(Vec::new(), String::new()),
                None => Said::refusal(404, "NoSuchUpload"),
            },
            ("GET", Some(upload), _) => self.list(upload, query.after.unwrap_or(0)),
            ("GET", None, _) => self.sweep(query.upload_after.as_deref()),
            ("HEAD", ..) => self.head(request),
            other => panic!("{other:?}"),
        }
    }

    /// What a head says of the bytes behind it is so: S3 refuses all else.
    fn check_head(&self, request: &Request<()>, piece: &Piece) {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let Some(algorithm) = self.manner.algorithm else {
            return;
        };
        let name = algorithm.header();
        if let Some(trailer) = header("x-amz-trailer") {
            let length = header("x-amz-decoded-content-length").unwrap();
            assert_eq!(length, piece.length().to_string());
            assert_eq!(trailer, name.as_str());
        } else {
            let meant = Piece {
                sound: true,
                ..piece.clone()
            };
            let digest = meant.digest(algorithm).to_base64();
            assert_eq!(header(name.as_str()), Some(digest));
        }
    }

    fn put(&mut self, piece: &Piece) -> Said {
        let content = Content::Pieces(vec![piece.clone()]);
        let mut headers = vec![("etag", content.etag())];
        headers.extend(self.checksum(piece));
        self.object = Some(content);
        Said::ok(headers, String::new())
    }

    fn create(&mut self, request: &Request<()>, now: SystemTime) -> Said {
        if let Some(algorithm) = self.manner.algorithm {
            let asked = request.headers()["x-amz-checksum-algorithm"].to_str();
            assert_eq!(asked.unwrap(), algorithm.s3_name());
        }
        self.created += 1;
        let id = format!("upload-{:04}", self.created);
        let parts = BTreeMap::new();
        self.uploads.insert(id.clone(), Begun { at: now, parts });
        let body = format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        );
        Said::ok(Vec::new(), body)
    }

    fn part(&mut self, upload: &str, number: u16, piece: &Piece) -> Said {
        assert!((1..=10_000).contains(&number));
        let told = self.checksum(piece);
        let Some(begun) = self.uploads.get_mut(upload) else {
            return Said::refusal(404, "NoSuchUpload");
        };
        begun.parts.insert(number, piece.clone());
        let mut headers = vec![("etag", piece.etag())];
        headers.extend(told);
        Said::ok(headers, String::new())
    }

    fn complete(&mut self, upload: &str, request: &Request<()>, document: &str) -> Said {
        if self.manner.repeats && self.completed.contains(upload) {
            return self.completed();
        }
        let Some(begun) = self.uploads.get(upload) else {
            return Said::refusal(404, "NoSuchUpload");
        };
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let algorithm = self.manner.algorithm;
        let asked = Completion::read(document, header, algorithm);
        match asked.of(&begun.parts, algorithm) {
            Ok(content) => {
                self.uploads.remove(upload);
                self.completed.insert(upload.to_owned());
                self.object = Some(content);
                self.completed()
            }
            Err(code) => {
                assert!(self.lied, "{code}: {asked:?} of {begun:?}");
                Said::refusal(400, code)
            }
        }
    }

    /// After white space that keeps the connection alive, as S3 sends it.
    fn completed(&self) -> Said {
        let Some(content) = &self.object else {
            return Said::refusal(404, "NoSuchUpload");
        };
        let etag = content.etag();
        let checksum = match self.manner.algorithm.filter(|_| self.manner.tells) {
            None => String::new(),
            Some(algorithm) => {
                let name = algorithm.s3_name();
                let (value, kind) = object_checksum(content, algorithm);
                format!(
                    "<Checksum{name}>{value}</Checksum{name}><ChecksumType>{kind}</ChecksumType>"
                )
            }
        };
        let body = format!(
            "  <CompleteMultipartUploadResult><ETag>{etag}</ETag>{checksum}</CompleteMultipartUploadResult>"
        );
        Said::ok(Vec::new(), body)
    }

    fn list(&self, upload: &str, after: u16) -> Said {
        let Some(begun) = self.uploads.get(upload) else {
            return Said::refusal(404, "NoSuchUpload");
        };
        let mut rest = begun.parts.range(after + 1..);
        let page = rest.by_ref().take(self.manner.page);
        let part = |(number, piece): (&u16, &Piece)| {
            let (etag, size) = (piece.etag(), piece.length());
            format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><Size>{size}</Size></Part>"
            )
        };
        let parts: String = page.map(part).collect();
        let more = rest.next().is_some();
        let body =
            format!("<ListPartsResult><IsTruncated>{more}</IsTruncated>{parts}</ListPartsResult>");
        Said::ok(Vec::new(), body)
    }

    fn sweep(&self, after: Option<&str>) -> Said {
        let after = after.unwrap_or_default();
        let mut rest = self.uploads.iter().filter(|(id, _)| id.as_str() > after);
        let page: Vec<_> = rest.by_ref().take(self.manner.page).collect();
        let upload = |(id, begun): &(&String, &Begun)| {
            let at = OffsetDateTime::from(begun.at).format(&Rfc3339).unwrap();
            format!(
                "<Upload><Key>k</Key><UploadId>{id}</UploadId><Initiated>{at}</Initiated></Upload>"
            )
        };
        let uploads: String = page.iter().map(upload).collect();
        let next = match (rest.next(), page.last()) {
            (Some(_), Some((id, _))) => format!(
                "<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>\
                 <NextUploadIdMarker>{id}</NextUploadIdMarker>"
            ),
            _ => "<IsTruncated>false</IsTruncated>".to_owned(),
        };
        let body =
            format!("<ListMultipartUploadsResult>{next}{uploads}</ListMultipartUploadsResult>");
        Said::ok(Vec::new(), body)
    }

    /// S3 gives every object a checksum, CRC-64/NVME if nothing else was asked for.
    fn head(&self, request: &Request<()>) -> Said {
        let Some(content) = &self.object else {
            return Said {
                body: String::new(),
                ..Said::refusal(404, "")
            };
        };
        assert_eq!(request.headers()["x-amz-checksum-mode"], "ENABLED");
        let mut headers = vec![
            ("etag", content.etag()),
            ("content-length", content.length().to_string()),
        ];
        if self.manner.tells {
            let algorithm = self.manner.algorithm.unwrap_or(Algorithm::Crc64Nvme);
            let (value, kind) = object_checksum(content, algorithm);
            headers.push((header_of(algorithm), value));
            headers.push(("x-amz-checksum-type", kind.to_owned()));
        }
        Said::ok(headers, String::new())
    }

    fn checksum(&self, piece: &Piece) -> Option<(&'static str, String)> {
        let algorithm = self.manner.algorithm.filter(|_| self.manner.tells)?;
        Some((header_of(algorithm), piece.digest(algorithm).to_base64()))
    }
}

/// One `PUT` has the checksum of its bytes whatever the algorithm.
fn object_checksum(content: &Content, algorithm: Algorithm) -> (String, &'static str) {
    let parts = matches!(content, Content::Pieces(pieces) if pieces.len() > 1);
    if parts && !algorithm.can_be_combined() {
        return (content.composite(), "COMPOSITE");
    }
    (content.digest(algorithm).to_base64(), "FULL_OBJECT")
}

fn header_of(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Crc64Nvme => "x-amz-checksum-crc64nvme",
        Algorithm::Crc32 => "x-amz-checksum-crc32",
        Algorithm::Crc32C => "x-amz-checksum-crc32c",
        Algorithm::Sha1 => "x-amz-checksum-sha1",
        Algorithm::Sha256 => "x-amz-checksum-sha256",
    }
}

/// What a query says.
struct Query {
    upload: Option<String>,
    part: Option<u16>,
    after: Option<u16>,
    upload_after: Option<String>,
}

impl Query {
    fn of(request: &Request<()>) -> Self {
        let query = request.uri().query().unwrap_or("");
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let number = |name: &str| value(name).map(|number| number.parse().unwrap());
        Self {
            upload: value("uploadId").map(str::to_owned),
            part: number("partNumber"),
            after: number("part-number-marker"),
            upload_after: value("upload-id-marker").map(str::to_owned),
        }
    }
}
