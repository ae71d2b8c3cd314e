//! Objects whose checksum is one of the checksums of their parts.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::bench::Bench;
use super::plan::{Plan, digest};
use super::store::{Reply, accept, answer, fail, refuse};
use crate::checksum::{Algorithm, Digest, Placement};
use crate::error::{Error, ErrorKind};
use crate::upload::Outcome;
use crate::upload::parts::MIN_PART;

/// What S3 answers for an object of two parts with this checksum of theirs.
fn head(plan: &Plan, algorithm: Algorithm, checksum: &str) -> Reply {
    let header = match algorithm {
        Algorithm::Sha1 => "x-amz-checksum-sha1",
        _ => "x-amz-checksum-sha256",
    };
    let length = plan.length.unwrap().to_string();
    let headers = [
        ("etag", "\"there\""),
        ("content-length", &*length),
        ("x-amz-checksum-type", "COMPOSITE"),
        (header, checksum),
    ];
    answer(200, &headers, "")
}

/// The checksum of the checksums of the two parts, as S3 writes it.
fn composite(plan: &Plan, algorithm: Algorithm) -> String {
    let length = plan.length.unwrap();
    let parts = [0..MIN_PART, MIN_PART..length];
    let parts: Vec<u8> = parts
        .into_iter()
        .flat_map(|range| digest(algorithm, range).as_bytes().to_vec())
        .collect();
    let whole = match algorithm {
        Algorithm::Sha1 => Sha1::digest(&parts).to_vec(),
        _ => Sha256::digest(&parts).to_vec(),
    };
    let whole = Digest::from_bytes(algorithm, whole).unwrap();
    format!("{}-2", whole.to_base64())
}

/// Runs a job the answer to whose completion is lost, and that finds this.
fn unheard(plan: &Plan, found: &Reply) -> (Bench, Result<Outcome, Error>) {
    let mut bench = plan.bench();
    let result = bench.run(|sent| match (sent.what.as_str(), sent.nth) {
        ("complete U1", 1) => fail(ErrorKind::Network),
        ("complete U1", _) => refuse(404, "NoSuchUpload"),
        ("head", _) => found.clone(),
        _ => accept(),
    });
    (bench, result)
}

fn plans() -> [(Plan, Algorithm); 4] {
    [
        (Algorithm::Sha256, Placement::Trailer),
        (Algorithm::Sha256, Placement::Header),
        (Algorithm::Sha1, Placement::Trailer),
        (Algorithm::Sha1, Placement::Header),
    ]
    .map(|checksum| (Plan::parts(2).with(Some(checksum)), checksum.0))
}

#[test]
fn an_object_completed_unheard_is_recognized_by_the_checksum_of_its_parts_checksums() {
    for (plan, algorithm) in plans() {
        let found = head(&plan, algorithm, &composite(&plan, algorithm));
        let (bench, result) = unheard(&plan, &found);
        let Ok(Outcome::AlreadyThere(uploaded)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(uploaded.etag, "\"there\"");
        assert_eq!(uploaded.checksum, None, "it is not of the whole");
        assert_eq!(bench.count("send create"), 1);
        assert_eq!(bench.sends().last(), Some(&"head"));
        assert_eq!(bench.journal, Ok(Vec::new()));
    }
}

#[test]
fn another_checksum_or_another_number_of_parts_is_another_object() {
    for (plan, algorithm) in plans() {
        let ours = composite(&plan, algorithm);
        let bare = ours.strip_suffix("-2").unwrap();
        let other = Digest::from_bytes(algorithm, vec![0; bare.len() / 4 * 3 - 1]).unwrap();
        for checksum in [
            format!("{bare}-3"),
            bare.to_owned(),
            format!("{bare}-0"),
            format!("{}-2", other.to_base64()),
        ] {
            let (bench, result) = unheard(&plan, &head(&plan, algorithm, &checksum));
            assert!(matches!(result, Ok(Outcome::Stored(_))), "{result:?}");
            assert_eq!(bench.count("send create"), 2, "{checksum}");
        }
    }
}
