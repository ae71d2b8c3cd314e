//! Writes 16 MiB to its standard error, with what would repaint a terminal.

use std::io::Write;

sealift_test_guests::misbehave!(|_job| {
    let line = format!("\u{1b}[2J\u{1b}]0;pwned\u{7}{}\n", "flood ".repeat(700));
    let mut errors = std::io::stderr();
    for _ in 0..4096 {
        if errors.write_all(line.as_bytes()).is_err() {
            break;
        }
    }
    Err(sealift_test_guests::error("everything was said"))
});
