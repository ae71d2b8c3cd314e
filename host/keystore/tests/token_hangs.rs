//! A module that does not come back.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::thread;

use rustls::SignatureScheme as Scheme;
use sealift_keystore::{DeviceKey, SignError, TokenError, TokenKey};
use support::P256;
use support::soft_token::{SoftToken, uri};

const KEY: &str = "pkcs11:token=token;object=key?pin-source=pin";

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn is_overdue(error: &SignError) -> bool {
    let SignError::Failed { source, .. } = error else {
        return false;
    };
    matches!(source.downcast_ref(), Some(TokenError::Deadline { .. }))
}

#[test]
fn a_module_that_hangs_costs_one_thread_and_is_used_again_when_it_is_back() {
    let token = SoftToken::new(P256);
    let key = TokenKey::open(&uri(KEY), &token.settings(), None).unwrap();
    let sign = || key.sign(Scheme::ECDSA_NISTP256_SHA256, b"message");
    sign().unwrap();
    let before = threads();
    token.fail("hangs in C_SignInit");
    for _ in 0..5 {
        assert!(is_overdue(&sign().unwrap_err()));
    }
    let open = TokenKey::open(&uri(KEY), &token.settings(), None);
    assert!(matches!(open, Err(TokenError::Deadline { .. })));
    assert_eq!(threads(), before);
    token.recover();
    while let Err(error) = sign() {
        assert!(is_overdue(&error), "{error:?}");
        thread::yield_now();
    }
}
