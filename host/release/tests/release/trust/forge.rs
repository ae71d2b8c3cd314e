//! Metadata that its publisher did not make.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use sealift_release::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tough::schema::{Role, Signature, Signed, Snapshot, Timestamp};
use tough::sign::Sign;

/// The metadata, changed and signed with these keys alone.
pub(crate) async fn forge<T: Role + DeserializeOwned + Serialize>(
    from: &Path,
    keys: &[PathBuf],
    change: impl FnOnce(&mut T),
) -> Vec<u8> {
    let mut metadata: Signed<T> = serde_json::from_slice(&fs::read(from).unwrap()).unwrap();
    change(&mut metadata.signed);
    metadata.signatures.clear();
    let message = metadata.signed.canonical_form().unwrap();
    for key in keys {
        let pem = pem::parse(fs::read(key).unwrap()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pem.contents()).unwrap();
        let sign: &dyn Sign = &pair;
        let sig = sign
            .sign(&message, &SystemRandom::new())
            .await
            .unwrap()
            .into();
        let keyid = sign.tuf_key().key_id().unwrap();
        metadata.signatures.push(Signature { keyid, sig });
    }
    serde_json::to_vec(&metadata).unwrap()
}

/// A snapshot that names these targets, and a timestamp that names it, by whoever has the keys that lie on the server.
pub(crate) async fn chain(
    snapshot: (&Path, &[PathBuf]),
    timestamp: (&Path, &[PathBuf]),
    targets: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let name = |meta: &mut tough::schema::Metafile, bytes: &[u8]| {
        meta.length = Some(bytes.len() as u64);
        let hashes = meta.hashes.as_mut().unwrap();
        hashes.sha256 = Digest::of(bytes).as_bytes().to_vec().into();
    };
    let snapshot = forge::<Snapshot>(snapshot.0, snapshot.1, |snapshot| {
        name(snapshot.meta.get_mut("targets.json").unwrap(), targets);
    })
    .await;
    let timestamp = forge::<Timestamp>(timestamp.0, timestamp.1, |timestamp| {
        name(timestamp.meta.get_mut("snapshot.json").unwrap(), &snapshot);
    })
    .await;
    (snapshot, timestamp)
}
