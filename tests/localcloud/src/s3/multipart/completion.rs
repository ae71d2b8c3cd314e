//! Whether an upload is what its completion says it is.

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{CompleteMultipartUploadInput, CompletedPart};
use s3s::{S3Result, s3_error};

use crate::s3::checksum::{Algorithm, Checksum, Form, stated_checksum};
use crate::s3::objects::hex;
use crate::s3::store::{Part, Upload};

/// The smallest part but the last: 5 MiB.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// An upload that can be completed, and what will become of it.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) parts: Vec<Part>,
    pub(super) checksum: Checksum,
    /// Without quotes.
    pub(super) etag: String,
    pub(super) size: u64,
}

impl Completion {
    pub(super) fn of(upload: &Upload, input: &CompleteMultipartUploadInput) -> S3Result<Self> {
        let listed = input
            .multipart_upload
            .as_ref()
            .and_then(|it| it.parts.as_deref());
        let listed = listed.unwrap_or_default();
        if listed.is_empty() {
            return Err(s3_error!(
                MalformedXML,
                "You must specify at least one part in the completion request"
            ));
        }
        if !listed.is_sorted_by(|one, next| one.part_number < next.part_number) {
            return Err(s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            ));
        }
        let parts: Vec<Part> = listed
            .iter()
            .map(|listed| find(upload, listed))
            .collect::<S3Result<_>>()?;
        check_sizes(&parts)?;
        let size = parts.iter().map(|part| part.size).sum();
        check_object_size(input.mpu_object_size, size)?;
        let checksum = combine(upload, &parts)?;
        check_checksum(&checksum, input)?;
        Ok(Self {
            etag: etag(&parts)?,
            parts,
            checksum,
            size,
        })
    }
}

/// The part that the client lists, if it is the one that was uploaded.
fn find(upload: &Upload, listed: &CompletedPart) -> S3Result<Part> {
    let invalid = || {
        s3_error!(
            InvalidPart,
            "One or more of the specified parts could not be found. The part may not have been \
             uploaded, or the specified entity tag may not match the part's entity tag."
        )
    };
    let number = listed
        .part_number
        .and_then(|number| u16::try_from(number).ok());
    let part = number
        .and_then(|number| upload.parts.get(&number))
        .ok_or_else(invalid)?;
    if listed
        .e_tag
        .as_ref()
        .is_none_or(|etag| etag.value() != part.etag)
    {
        return Err(invalid());
    }
    let algorithm = upload.about.algorithm;
    match stated_checksum!(listed, algorithm) {
        Some(stated) if stated != part.checksum => Err(invalid()),
        None if upload.about.explicit && upload.about.form == Form::Composite => Err(s3_error!(
            InvalidRequest,
            "The upload was created using a {} checksum. The complete request must include the \
             checksum for each part. It was missing for part {} in the request.",
            algorithm.name().to_ascii_lowercase(),
            part.number
        )),
        _ => Ok(part.clone()),
    }
}

fn check_sizes(parts: &[Part]) -> S3Result<()> {
    let all_but_last = parts.len().saturating_sub(1);
    match parts[..all_but_last]
        .iter()
        .find(|part| part.size < MIN_PART_BYTES)
    {
        None => Ok(()),
        Some(part) => Err(s3_error!(
            EntityTooSmall,
            "Your proposed upload is smaller than the minimum allowed size: part {} has {} bytes",
            part.number,
            part.size
        )),
    }
}

fn check_object_size(stated: Option<i64>, size: u64) -> S3Result<()> {
    match stated {
        Some(stated) if u64::try_from(stated) != Ok(size) => Err(s3_error!(
            InvalidRequest,
            "The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {}",
            stated,
            size
        )),
        _ => Ok(()),
    }
}

fn check_checksum(checksum: &Checksum, input: &CompleteMultipartUploadInput) -> S3Result<()> {
    if input
        .checksum_type
        .as_ref()
        .is_some_and(|form| form.as_str() != checksum.form.name())
    {
        return Err(s3_error!(
            InvalidRequest,
            "The upload was created using the {} checksum mode.",
            checksum.form.name()
        ));
    }
    for algorithm in Algorithm::ALL {
        let Some(stated) = stated_checksum!(input, algorithm) else {
            continue;
        };
        if algorithm != checksum.algorithm {
            return Err(s3_error!(
                InvalidRequest,
                "The upload was created using a {} checksum.",
                checksum.algorithm.name()
            ));
        }
        // A composite value may be stated without its number of parts.
        let bare = checksum.value.split('-').next();
        if stated != checksum.value && Some(stated) != bare {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                algorithm.name()
            ));
        }
    }
    Ok(())
}

fn combine(upload: &Upload, parts: &[Part]) -> S3Result<Checksum> {
    let sums: Vec<(String, u64)> = parts
        .iter()
        .map(|part| (part.checksum.clone(), part.size))
        .collect();
    Checksum::combine(upload.about.algorithm, upload.about.form, &sums)
        .ok_or_else(|| s3_error!(InternalError, "The parts' checksums do not combine."))
}

/// The MD5 of the parts' MD5s, and their number.
fn etag(parts: &[Part]) -> S3Result<String> {
    let mut md5 = Md5::new();
    for part in parts {
        let digest = u128::from_str_radix(&part.etag, 16)
            .map_err(|_| s3_error!(InternalError, "A part's entity tag is damaged."))?;
        md5.update(&digest.to_be_bytes());
    }
    Ok(format!("{}-{}", hex(md5.finalize()), parts.len()))
}
