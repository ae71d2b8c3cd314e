//! The checksum of an object from the checksums of its parts, where it is not one of all its bytes.

use sha1::Sha1;
use sha2::Sha256;

use super::{Algorithm, Digest};

/// What S3 knows of an object made of parts with these checksums: the checksum of their bytes, one
/// after the other (`COMPOSITE`, "Checking object integrity", Amazon S3 User Guide). `None` where one
/// is of another algorithm, and for CRCs, which are combined
/// ([`Combined`](super::Combined)).
pub fn composite<'a>(
    algorithm: Algorithm,
    parts: impl IntoIterator<Item = &'a Digest>,
) -> Option<Digest> {
    match algorithm {
        Algorithm::Sha1 => of_bytes::<Sha1>(algorithm, parts),
        Algorithm::Sha256 => of_bytes::<Sha256>(algorithm, parts),
        Algorithm::Crc64Nvme | Algorithm::Crc32 | Algorithm::Crc32C => None,
    }
}

fn of_bytes<'a, H: sha2::Digest>(
    algorithm: Algorithm,
    parts: impl IntoIterator<Item = &'a Digest>,
) -> Option<Digest> {
    let mut hash = H::new();
    for part in parts {
        if part.algorithm() != algorithm {
            return None;
        }
        hash.update(part.as_bytes());
    }
    Digest::from_bytes(algorithm, hash.finalize().to_vec()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// Of `abc` and `def`, and of these two, by Python's hashlib.
    const SHA1: [&str; 2] = [
        "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        "WJwiM1o4HxItEpIl9cC6MFbtWBE=",
    ];
    const SHA1_OF_BOTH: &str = "GKVUNs4ZixQS35+pGJZSTOQXMFM=";
    const SHA256: [&str; 2] = [
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        "y4N5rCCYqhZQKeOTilHaC87PwAj9Z5X0AReGR/lsWzQ=",
    ];
    const SHA256_OF_BOTH: &str = "nATTAFe3VK8bLS1PVnV4LdYaWmWcNO5sKvR1JrZsr6Y=";

    #[test]
    fn the_checksum_of_checksums_is_of_their_bytes_in_order() {
        for (algorithm, parts, whole) in [
            (Algorithm::Sha1, SHA1, SHA1_OF_BOTH),
            (Algorithm::Sha256, SHA256, SHA256_OF_BOTH),
        ] {
            let parts = parts.map(|text| Digest::from_base64(algorithm, text).unwrap());
            let [one, other] = &parts;
            let both = composite(algorithm, [one, other]).unwrap();
            assert_eq!(both.to_base64(), whole);
            assert_ne!(composite(algorithm, [other, one]).unwrap(), both);
        }
    }

    #[test]
    fn a_part_of_another_algorithm_leaves_the_whole_without() {
        let sha1 = Digest::from_bytes(Algorithm::Sha1, vec![0; 20]).unwrap();
        let sha256 = Digest::from_bytes(Algorithm::Sha256, vec![0; 32]).unwrap();
        assert!(composite(Algorithm::Sha256, [&sha256]).is_some());
        assert_eq!(composite(Algorithm::Sha256, [&sha256, &sha1]), None);
        assert_eq!(composite(Algorithm::Crc32, []), None);
    }
}
