//! Answers as S3 gives them, damaged ones, and what is sent back.

#![allow(clippy::unwrap_used, reason = "tests")]

use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::checksum::Algorithm;
use crate::error::{Error, ErrorKind};
use crate::s3::Store;

const XMLNS: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
const CRC: &str = "AAECAwQFBgc=";

fn destination() -> Destination {
    Destination {
        store: Store::aws("us-east-1".parse().unwrap(), "amazonaws.com").unwrap(),
        bucket: "abc".parse().unwrap(),
        key: "k".parse().unwrap(),
    }
}

fn listing() -> Listing {
    let Destination { store, bucket, .. } = destination();
    let prefix = String::new();
    Listing {
        store,
        bucket,
        prefix,
    }
}

fn answer(body: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-request-id", HeaderValue::from_static("R1"));
    headers.insert("x-amz-version-id", HeaderValue::from_static("v1"));
    Response::new(StatusCode::OK, headers, body.as_bytes().to_vec()).unwrap()
}

fn document(root: &str, fields: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<{root} {XMLNS}>{fields}</{root}>")
}

fn upload() -> UploadId {
    "u".parse().unwrap()
}

fn number(number: u16) -> PartNumber {
    PartNumber::new(number).unwrap()
}

fn digest() -> Digest {
    Digest::from_base64(Algorithm::Crc64Nvme, CRC).unwrap()
}

fn read_parts(fields: &str, after: Option<PartNumber>) -> Result<PartPage, Error> {
    let body = document("ListPartsResult", fields);
    parts(&answer(&body), &upload(), after, &destination())
}

fn read_uploads(fields: &str, after: Option<&Marker>) -> Result<UnfinishedPage, Error> {
    let body = document("ListMultipartUploadsResult", fields);
    unfinished(&answer(&body), after, &listing())
}

fn read_completed(fields: &str) -> Result<Completed, Error> {
    let body = document("CompleteMultipartUploadResult", fields);
    completed(&answer(&body), &upload(), &destination())
}

#[test]
fn an_upload_id_is_taken_as_it_is() {
    let fields = "<Bucket>abc</Bucket><Key>k</Key><UploadId>VX.pbG_-&amp;x=</UploadId>";
    let body = document("InitiateMultipartUploadResult", fields);
    let id = created(&answer(&body), &destination()).unwrap();
    assert_eq!(id.as_str(), "VX.pbG_-&x=");
}

#[test]
fn a_completed_object_tells_its_tag_version_and_checksum() {
    let tag = "<ETag>&quot;3858f62230ac3c915f300c664312c11f-9&quot;</ETag>";
    let crc = format!("<ChecksumCRC64NVME>{CRC}</ChecksumCRC64NVME>");
    let full = format!("{tag}{crc}<ChecksumType>FULL_OBJECT</ChecksumType>");
    let object = read_completed(&full).unwrap();
    assert_eq!(object.etag, "\"3858f62230ac3c915f300c664312c11f-9\"");
    assert_eq!(object.version_id.as_deref(), Some("v1"));
    assert_eq!(object.checksum, Some(ObjectChecksum::FullObject(digest())));
    assert_eq!(read_completed(tag).unwrap().checksum, None);

    let composite = format!("{tag}<ChecksumCRC32>AAECAw==-9</ChecksumCRC32>");
    let digest = Digest::from_base64(Algorithm::Crc32, "AAECAw==").unwrap();
    assert_eq!(
        read_completed(&composite).unwrap().checksum,
        Some(ObjectChecksum::Composite(digest, 9))
    );
}

#[test]
fn an_error_under_a_200_is_a_refusal() {
    let body = "  \n<Error><Code>InternalError</Code></Error>";
    let error = completed(&answer(body), &upload(), &destination()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Server);
}

#[test]
fn an_answer_that_breaks_off_may_be_asked_for_again() {
    for body in [
        "",
        "   \n ",
        "<CompleteMultipartUploadResult><ETag>e</ETag>",
        "<CompleteMultipartUploadResult><ETag>e</ET",
    ] {
        let error = completed(&answer(body), &upload(), &destination()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Network, "{body}");
        assert_eq!(error.request_id.as_deref(), Some("R1"));
    }
}

#[test]
fn another_document_is_not_the_stores() {
    for body in [
        "<html>Please log in</html>",
        "<!DOCTYPE html><html/>",
        "{}",
        "<ListPartsResult/>",
    ] {
        let error = completed(&answer(body), &upload(), &destination()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{body}");
    }
}

#[test]
fn parts_are_read_with_their_checksums() {
    let fields = format!(
        "<IsTruncated>true</IsTruncated><NextPartNumberMarker>9</NextPartNumberMarker>\
         <Part><PartNumber>2</PartNumber><ETag>\"a\"</ETag><Size>5242880</Size></Part>\
         <Part><PartNumber>9</PartNumber><ETag>\"b\"</ETag><Size>7</Size>\
         <ChecksumCRC64NVME>{CRC}</ChecksumCRC64NVME><ChecksumSHA1></ChecksumSHA1></Part>"
    );
    let page = read_parts(&fields, Some(number(1))).unwrap();
    let part = |at, etag: &str, size, checksum| StoredPart {
        number: number(at),
        etag: etag.to_owned(),
        size,
        checksum,
    };
    assert_eq!(
        page.parts,
        [
            part(2, "\"a\"", 5_242_880, None),
            part(9, "\"b\"", 7, Some(digest()))
        ]
    );
    assert_eq!(page.next, Some(number(9)));
    let last = read_parts("<IsTruncated>false</IsTruncated>", None).unwrap();
    assert_eq!((last.parts.len(), last.next), (0, None));
}

/// As moto calls it; AWS's own clients do not look at the name.
#[test]
fn an_answer_may_be_called_a_response() {
    let read = |root| {
        let body = document(root, "<IsTruncated>false</IsTruncated>");
        parts(&answer(&body), &upload(), None, &destination())
    };
    assert_eq!(read("ListPartsResponse").unwrap().next, None);
    for root in ["Response", "ListUploadsResponse", "ListPartsRespons"] {
        assert_eq!(read(root).unwrap_err().kind, ErrorKind::Protocol, "{root}");
    }
}

#[test]
fn pages_of_parts_that_would_never_end_are_refused() {
    let part = |number| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>e</ETag><Size>1</Size></Part>")
    };
    for (fields, after) in [
        ("<IsTruncated>true</IsTruncated>".to_owned(), None),
        (part(3), Some(number(3))),
        (part(3) + &part(3), None),
        (part(3) + &part(2), None),
        ("<IsTruncated>perhaps</IsTruncated>".to_owned(), None),
    ] {
        let error = read_parts(&fields, after).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{fields}");
    }
}

#[test]
fn parts_that_make_no_sense_are_refused() {
    for fields in [
        "<PartNumber>0</PartNumber><ETag>e</ETag><Size>1</Size>",
        "<PartNumber>1</PartNumber><Size>1</Size>",
        "<PartNumber>1</PartNumber><ETag>e\u{7f}</ETag><Size>1</Size>",
        "<PartNumber>1</PartNumber><ETag>e</ETag><Size>-1</Size>",
        "<PartNumber>1</PartNumber><ETag>e</ETag>",
        "<PartNumber>1</PartNumber><ETag>e</ETag><Size>1</Size><ChecksumSHA1>x</ChecksumSHA1>",
    ] {
        let error = read_parts(&format!("<Part>{fields}</Part>"), None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{fields}");
    }
}

#[test]
fn unfinished_uploads_are_read_and_their_keys_decoded() {
    let fields = "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
        <NextKeyMarker>a%2Bb+%01</NextKeyMarker><NextUploadIdMarker>u2</NextUploadIdMarker>\
        <Upload><Key>a%2Bb+%01</Key><UploadId>u2</UploadId>\
        <Initiated>2010-11-10T20:48:33.000Z</Initiated></Upload>";
    let page = read_uploads(fields, None).unwrap();
    let marker = Marker {
        key: "a+b \u{1}".to_owned(),
        upload: "u2".parse().unwrap(),
    };
    let unfinished = Unfinished {
        key: marker.key.clone(),
        upload: marker.upload.clone(),
        initiated: 1_289_422_113,
    };
    assert_eq!(page.uploads, [unfinished]);
    assert_eq!(page.next.as_ref(), Some(&marker));
    let error = read_uploads(fields, Some(&marker)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
}

#[test]
fn a_store_that_does_not_encode_keys_is_taken_at_its_word() {
    let fields = "<Upload><Key>a+b%41</Key><UploadId>u</UploadId>\
        <Initiated>2010-11-10T20:48:33Z</Initiated></Upload>";
    let page = read_uploads(fields, None).unwrap();
    assert_eq!(page.uploads[0].key, "a+b%41");
    assert_eq!(page.next, None);
}

#[test]
fn a_completion_lists_the_parts_escaped() {
    let parts = [
        Part {
            number: number(1),
            etag: "\"a<&>\"".to_owned(),
            checksum: Some(digest()),
        },
        Part {
            number: number(3),
            etag: "\"b\"".to_owned(),
            checksum: None,
        },
    ];
    assert_eq!(
        completion(&parts).unwrap(),
        format!(
            "<CompleteMultipartUpload {XMLNS}><Part><PartNumber>1</PartNumber>\
             <ETag>&quot;a&lt;&amp;&gt;&quot;</ETag><ChecksumCRC64NVME>{CRC}</ChecksumCRC64NVME>\
             </Part><Part><PartNumber>3</PartNumber><ETag>&quot;b&quot;</ETag></Part>\
             </CompleteMultipartUpload>"
        )
    );
}

#[test]
fn no_completion_without_parts_in_order() {
    let part = |at| Part {
        number: number(at),
        etag: "e".to_owned(),
        checksum: None,
    };
    for parts in [vec![], vec![part(2), part(1)], vec![part(1), part(1)]] {
        assert_eq!(completion(&parts).unwrap_err().kind, ErrorKind::Internal);
    }
}

proptest! {
    #[test]
    fn what_a_completion_says_can_be_listed_again(
        parts in prop::collection::btree_map(1u16..=10_000, "[!-~]{1,40}", 1..20)
    ) {
        let parts: Vec<_> = parts.into_iter().map(|(at, etag)| Part {
            number: number(at),
            etag,
            checksum: Some(digest()),
        }).collect();
        let body = completion(&parts).unwrap()
            .replace("CompleteMultipartUpload", "ListPartsResult")
            .replace("</Part>", "<Size>1</Size></Part>");
        let page = super::parts(&answer(&body), &upload(), None, &destination()).unwrap();
        let listed = page.parts.into_iter().map(|part| Part {
            number: part.number,
            etag: part.etag,
            checksum: part.checksum,
        });
        prop_assert_eq!(listed.collect::<Vec<_>>(), parts);
    }

    #[test]
    fn damaged_answers_never_make_it_panic(
        which in 0usize..4,
        fields in "(<(Part|Upload|ETag|Key|UploadId|Size|IsTruncated|ChecksumSHA1|PartNumber)>|</(Part|Upload|ETag|Key)>|true|1|\\PC){0,24}",
    ) {
        let roots = [
            "InitiateMultipartUploadResult",
            "CompleteMultipartUploadResult",
            "ListPartsResult",
            "ListMultipartUploadsResult",
        ];
        let response = answer(&document(roots[which], &fields));
        drop(created(&response, &destination()));
        drop(completed(&response, &upload(), &destination()));
        drop(parts(&response, &upload(), None, &destination()));
        drop(unfinished(&response, None, &listing()));
    }
}
