//! Wants the device key's signature under what a TLS 1.3 client signs (RFC 8446, 4.4.3).

use sealift_test_guests::keystore::{Purpose, sign};

sealift_test_guests::misbehave!(|_job| {
    let mut message = vec![b' '; 64];
    message.extend_from_slice(b"TLS 1.3, client CertificateVerify\0");
    message.extend_from_slice(&[0xab; 32]);
    let signature = sign(Purpose::RolesAnywhere, &message)?;
    Ok(sealift_test_guests::success(format!("{signature:02x?}")))
});
