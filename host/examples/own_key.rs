//! Uploads a file as a device whose key this program answers for: here one in a file, whose every use is counted and
//! limited. Instead it could be in a secure element of the board's, or behind a socket.
//!
//! ```text
//! own_key CONFIG CERTIFICATE KEY FILE BUCKET KEY-OF-THE-OBJECT
//! ```

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use sealift::gateway::{Gateway, Unobserved, Upload, limits};
use sealift::sandbox::Sandbox;
use sealift_config::{Config, Environment, KeyPermissions, KeyReference};
use sealift_keystore::{
    CertificateChain, DeviceKey, FileKey, Identity, IdentityStore, KeyAlgorithm, SignError,
    SignatureScheme, SubjectPublicKeyInfoDer,
};
use sealift_payload::Source;

/// As many handshakes as this program may need.
const MOST: u32 = 100;

/// A key whose uses are counted.
#[derive(Debug)]
struct Counted {
    key: FileKey,
    uses: AtomicU32,
}

impl DeviceKey for Counted {
    fn reference(&self) -> &KeyReference {
        self.key.reference()
    }

    fn algorithm(&self) -> KeyAlgorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &SubjectPublicKeyInfoDer<'static> {
        self.key.public_key()
    }

    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if self.uses.fetch_add(1, Ordering::Relaxed) >= MOST {
            return Err(SignError::Failed {
                reference: self.reference().clone(),
                source: "it was used too often".into(),
            });
        }
        self.key.sign(scheme, message)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, certificate, key, file, bucket, object] = &arguments[..] else {
        return Err("own_key CONFIG CERTIFICATE KEY FILE BUCKET KEY-OF-THE-OBJECT".into());
    };
    let key = Arc::new(Counted {
        key: FileKey::open(key.as_ref(), KeyPermissions::Strict, None)?,
        uses: AtomicU32::default(),
    });
    let chain = CertificateChain::open(certificate.as_ref())?;
    let identity = Identity::new(chain, Arc::clone(&key) as _, SystemTime::now())?;
    let config = Config::load(Some(Path::new(config)), &Environment::of_process())?;
    let sandbox = Sandbox::new(limits(&config), None)?;
    let identity = IdentityStore::holding(identity);
    let gateway = Gateway::open_as(identity, &sandbox, config, None)?;
    let upload = Upload {
        bucket: bucket.clone(),
        key: object.clone(),
        source: Source::open(file.as_ref())?.into(),
        options: Vec::new().into(),
    };
    let outcome = gateway.upload(upload, Arc::new(Unobserved)).await?;
    let uses = key.uses.load(Ordering::Relaxed);
    println!("{}, after {uses} signatures", outcome.object().etag);
    Ok(())
}
