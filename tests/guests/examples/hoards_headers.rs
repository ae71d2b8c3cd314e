//! Makes fields and never lets go of them: they are in the host's memory, not in its own.

use sealift_test_guests::wasi::http::types::Fields;

sealift_test_guests::misbehave!(|_job| {
    loop {
        let fields = Fields::new();
        let _ = fields.append("x", &[b'x'; 100 * 1024]);
        std::mem::forget(fields);
    }
});
