//! Wants the device key's signature under handshakes where it may ask for signatures, and goes on when it
//! is refused.

use sealift_test_guests::keystore::{Purpose, sign};
use sealift_test_guests::{error, success, vault};

sealift_test_guests::misbehave!(|job| {
    if let Some(job) = job {
        let credentials = vault::credentials(&job.credentials_provider(), None)?;
        return Ok(success(credentials.access_key_id));
    }
    // What a TLS 1.3 client signs (RFC 8446, 4.4.3), and the same behind the right first line.
    let handshake = [
        &[b' '; 64][..],
        b"TLS 1.3, client CertificateVerify\0",
        &[0xab; 32],
    ]
    .concat();
    let disguised = [b"AWS4-X509-RSA-SHA256\n".as_slice(), &handshake].concat();
    let messages = [disguised, handshake];
    let mut answers = Vec::new();
    for message in messages {
        match sign(Purpose::RolesAnywhere, &message) {
            Ok(signature) => return Ok(success(format!("{signature:02x?}"))),
            Err(refusal) => answers.push(refusal.message),
        }
    }
    Err(error(answers.join(" | ")))
});
