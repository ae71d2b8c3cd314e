//! The folder in which everything happens: certificates, configuration and files to upload.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::authority::Authority;
use crate::discard::Server;

/// The bucket that everything goes to.
pub(crate) const BUCKET: &str = "bench";
/// The region that requests are signed for.
pub(crate) const REGION: &str = "eu-central-1";
/// The device's name.
pub(crate) const THING: &str = "bench";
/// The role alias whose credentials the server hands out.
pub(crate) const ALIAS: &str = "x";

/// What clients need to reach the server, in files.
#[derive(Debug)]
pub(crate) struct Stage {
    directory: PathBuf,
    /// Where S3 and the credentials provider listen.
    s3: SocketAddr,
    provider: SocketAddr,
}

impl Stage {
    /// Writes certificates and `sealift.toml` for `server` into `directory`.
    pub(crate) fn set(directory: &Path, authority: &Authority, server: &Server) -> Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        let directory = directory.canonicalize()?;
        let stage = Self {
            directory,
            s3: server.s3,
            provider: server.provider,
        };
        let device = authority.device()?;
        stage.write("ca.pem", authority.root_pem())?;
        stage.write("device.pem", &device.certificate)?;
        stage.write("device.key", &device.key)?;
        fs::set_permissions(stage.path("device.key"), Permissions::from_mode(0o600))?;
        stage.configure(
            "sealift.toml",
            &["certificate = \"device.pem\"", "key = \"device.key\""],
        )?;
        Ok(stage)
    }

    /// Writes a configuration with these settings of the device.
    pub(crate) fn configure(&self, name: &str, device: &[&str]) -> Result<PathBuf> {
        let (device, provider, s3) = (device.join("\n"), self.provider, self.s3);
        self.write(
            name,
            &format!(
                r#"[device]
thing_name = "{THING}"
{device}
ca = "ca.pem"

[credentials]
endpoint = "{provider}"
role_alias = "{ALIAS}"

[s3]
region = "{REGION}"
endpoint = "https://{s3}"
"#
            ),
        )?;
        Ok(self.path(name))
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A file of `bytes` random bytes, in the page cache.
    pub(crate) fn file(&self, name: &str, bytes: u64) -> Result<PathBuf> {
        let path = self.path(name);
        fill(&path, bytes).with_context(|| format!("cannot fill `{}`", path.display()))?;
        Ok(path)
    }

    /// A folder of `count` files of `bytes` random bytes.
    pub(crate) fn folder(&self, name: &str, count: usize, bytes: u64) -> Result<PathBuf> {
        let folder = self.path(name);
        fs::create_dir_all(&folder)?;
        for number in 0..count {
            self.file(&format!("{name}/{number:04}"), bytes)?;
        }
        Ok(folder)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.path(name), text).with_context(|| format!("cannot write `{name}`"))
    }
}

/// Makes the file unless it is there, and reads it once.
fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    if path.metadata().map(|metadata| metadata.len()).ok() != Some(bytes) {
        let mut random = File::open("/dev/urandom")?.take(bytes);
        let mut file = File::create(path)?;
        io::copy(&mut random, &mut file)?;
        // Writing back must not disturb what is measured later.
        file.sync_all()?;
    }
    io::copy(&mut File::open(path)?, &mut io::sink())?;
    Ok(())
}
