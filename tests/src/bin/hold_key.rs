//! Opens the key in a file, signs with it, and drops it; after each step it says so and waits for a line.
//! So a test can look into its memory.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::Path;

use sealift_config::KeyPermissions;
use sealift_keystore::{DeviceKey, FileKey};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name a key file")?;
    let key = FileKey::open(Path::new(&path), KeyPermissions::Strict, None)?;
    for scheme in key.schemes() {
        for number in 0..8_u8 {
            key.sign(*scheme, &[number])?;
        }
    }
    pause("held")?;
    drop(key);
    pause("dropped")
}

fn pause(said: &str) -> Result<(), Box<dyn Error>> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{said}")?;
    stdout.flush()?;
    io::stdin().lock().read_line(&mut String::new())?;
    Ok(())
}
