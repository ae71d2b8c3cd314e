//! The folder in which everything happens: certificates, configuration and files to upload.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::syncfs;

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

/// The device that all but one kind of work are done by.
const DEVICE: [&str; 2] = ["certificate = \"device.pem\"", "key = \"device.key\""];

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
        stage.configure("sealift.toml", &DEVICE, "")?;
        Ok(stage)
    }

    /// The same, but what is configured from here on leads elsewhere.
    pub(crate) fn towards(&self, elsewhere: SocketAddr) -> Self {
        Self {
            directory: self.directory.clone(),
            s3: elsewhere,
            provider: elsewhere,
        }
    }

    /// Writes a configuration for a service that has a state of its own, with these further sections.
    pub(crate) fn configure_service(&self, name: &str, further: &str) -> Result<PathBuf> {
        let service =
            format!("[service]\nstate = \"{name}.state\"\nlisten = \"127.0.0.1:0\"\n{further}\n");
        self.configure(&format!("{name}.toml"), &DEVICE, &service)
    }

    /// Writes a configuration with these settings of the device, and further sections.
    pub(crate) fn configure(&self, name: &str, device: &[&str], further: &str) -> Result<PathBuf> {
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

{further}"#
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
        if fill(&path, bytes).with_context(|| format!("cannot fill `{}`", path.display()))? {
            self.write_back()?;
        }
        Ok(path)
    }

    /// A folder of `count` files of `bytes` random bytes.
    pub(crate) fn folder(&self, name: &str, count: usize, bytes: u64) -> Result<PathBuf> {
        let folder = self.path(name);
        fs::create_dir_all(&folder)?;
        let mut made = false;
        for number in 0..count {
            made |= fill(&folder.join(format!("{number:04}")), bytes)?;
        }
        if made {
            self.write_back()?;
        }
        Ok(folder)
    }

    /// An empty folder.
    pub(crate) fn empty_folder(&self, name: &str) -> Result<PathBuf> {
        self.clear(name)?;
        let folder = self.path(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Removes a folder, if it is there.
    pub(crate) fn clear(&self, name: &str) -> Result<()> {
        match fs::remove_dir_all(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove `{name}`"))
            }
            _ => Ok(()),
        }
    }

    /// Writing back must not disturb what is measured later.
    fn write_back(&self) -> Result<()> {
        syncfs(File::open(&self.directory)?).context("cannot write files back")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        fs::write(self.path(name), text).with_context(|| format!("cannot write `{name}`"))
    }
}

/// Makes the file unless it is there, and reads it once; whether it was made.
fn fill(path: &Path, bytes: u64) -> io::Result<bool> {
    let missing = path.metadata().map(|metadata| metadata.len()).ok() != Some(bytes);
    if missing {
        let mut random = File::open("/dev/urandom")?.take(bytes);
        io::copy(&mut random, &mut File::create(path)?)?;
    }
    io::copy(&mut File::open(path)?, &mut io::sink())?;
    Ok(missing)
}
