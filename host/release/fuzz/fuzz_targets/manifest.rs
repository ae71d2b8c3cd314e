//! Whatever is signed as a component's metadata: no panic, and what is read is written the same way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealift_release::Manifest;

fuzz_target!(|text: &[u8]| {
    let Ok(value) = serde_json::from_slice(text) else {
        return;
    };
    if let Ok(manifest) = Manifest::from_json(&value) {
        let written = manifest.to_json().expect("what was read can be written");
        assert_eq!(Manifest::from_json(&written).expect("and read again"), manifest);
    }
});
