//! Whatever settings a host gives: no panic, and what is accepted can be addressed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealift_core::Settings;
use sealift_core::credentials::iot::Provider;
use sealift_core::s3::Destination;
use sealift_core::upload::Options;

fuzz_target!(|list: Vec<(String, String)>| {
    let Ok(mut settings) = Settings::new(list) else {
        return;
    };
    if let Ok(provider) = Provider::from_settings(settings.clone()) {
        assert_eq!(provider.request().uri().scheme_str(), Some("https"));
    }
    if let Ok(destination) = Destination::from_settings(&mut settings) {
        // A long bucket name before a long host name may be refused; nothing may panic.
        drop(destination.uri());
    }
    drop(Options::from_settings(&mut settings));
    drop(settings.finish());
});
