//! Uploads a file from within another program: a sandbox, a device, a component, an upload, and what it tells meanwhile.
//!
//! ```text
//! embed CONFIG FILE BUCKET KEY
//! ```

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sealift::gateway::{Gateway, Observer, Upload, limits};
use sealift::sandbox::{Directive, Limits, Sandbox, Setting, Step};
use sealift_config::{Config, Environment};
use sealift_payload::Source;

/// What the program wants to hear of an upload.
struct Log;

impl Observer for Log {
    fn step(&self, step: &Step) -> Directive {
        eprintln!("{step:?}");
        Directive::GoOn
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, file, bucket, key] = &arguments[..] else {
        return Err("embed CONFIG FILE BUCKET KEY".into());
    };
    // The egress policy is the configuration's: the endpoints that it names, and `network.allow`.
    let config = Config::load(Some(Path::new(config)), &Environment::of_process())?;
    // What an instance may use can be the program's own. A program may have several sandboxes, which share nothing.
    let limits = Limits {
        memory: 16 << 20,
        computing: Duration::from_secs(10),
        ..limits(&config)
    };
    let sandbox = Sandbox::new(limits, None)?;
    let gateway = Gateway::open_in(&sandbox, config, None)?;
    let upload = Upload {
        bucket: bucket.clone(),
        key: key.clone(),
        source: Source::open(file.as_ref())?.into(),
        options: vec![Setting::new("content-type", "text/csv")].into(),
    };
    let outcome = gateway.upload(upload, Arc::new(Log)).await?;
    println!("{}", outcome.object().etag);
    Ok(())
}
