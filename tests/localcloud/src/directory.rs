//! The directory of a local cloud: what it keeps and what it gives away.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::authority::{Authority, KeyType, Validity};
use crate::error::Error;
use crate::files::{Access, make_private_directory, read, read_if_present, write};

mod exports;

pub(crate) use exports::Exports;

/// The files that a local cloud writes for its clients. All paths are absolute.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The root certificate that signed the listeners' certificates and the device's.
    pub ca: PathBuf,
    /// The device's certificate.
    pub certificate: PathBuf,
    /// The device's RSA-2048 key, in PKCS#1 form.
    pub key: PathBuf,
    /// The configuration file for `sealift`.
    pub config: PathBuf,
    /// Another one, which has Roles Anywhere in place of the credentials provider.
    pub roles_anywhere_config: PathBuf,
    /// Shell exports.
    pub env: PathBuf,
    /// Objects, as `BUCKET/KEY`.
    pub objects: PathBuf,
    /// Jobs for the device, as `ID.json`.
    pub jobs: PathBuf,
}

/// An opened directory. No second local cloud can open it until this is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    paths: Paths,
    authority: Authority,
    device: CertificateDer<'static>,
    _lock: File,
}

impl Directory {
    /// Opens or makes a directory, with an authority and a device certificate.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(Error::file("make", dir))?;
        let root = fs::canonicalize(dir).map_err(Error::file("resolve", dir))?;
        let paths = Paths::in_directory(&root);
        let own = Own::in_directory(&root);
        own.refuse_foreign(&paths)?;
        make_private_directory(&own.dir)?;
        let lock = lock(&own.lock, &root)?;
        let authority = own.authority(&paths)?;
        let device = device(&paths, &authority)?;
        Ok(Self {
            root,
            paths,
            authority,
            device,
            _lock: lock,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The certificate in `device.pem.crt`.
    pub(crate) fn device(&self) -> &CertificateDer<'static> {
        &self.device
    }

    /// Writes `sealift.toml`, `roles-anywhere.toml` and `env`.
    pub(crate) fn export(&self, exports: &Exports<'_>) -> Result<(), Error> {
        let configurations = [
            (&self.paths.config, exports.config()),
            (
                &self.paths.roles_anywhere_config,
                exports.roles_anywhere_config(),
            ),
        ];
        for (path, configuration) in configurations {
            let before = read_if_present(path)?;
            let text = configuration.keeping(before.as_deref());
            write(path, text.as_bytes(), Access::Public)?;
        }
        write(&self.paths.env, &exports.env(&self.paths), Access::Public)
    }
}

impl Paths {
    fn in_directory(root: &Path) -> Self {
        Self {
            ca: root.join("AmazonRootCA1.pem"),
            certificate: root.join("device.pem.crt"),
            key: root.join("private.pem.key"),
            config: root.join("sealift.toml"),
            roles_anywhere_config: root.join("roles-anywhere.toml"),
            env: root.join("env"),
            objects: root.join("s3"),
            jobs: root.join("jobs"),
        }
    }
}

/// What a local cloud keeps to itself.
struct Own {
    dir: PathBuf,
    key: PathBuf,
    lock: PathBuf,
}

impl Own {
    fn in_directory(root: &Path) -> Self {
        let dir = root.join(".localcloud");
        Self {
            key: dir.join("ca.pem.key"),
            lock: dir.join("lock"),
            dir,
        }
    }

    /// A real device's files have the same names; they must never be overwritten.
    fn refuse_foreign(&self, paths: &Paths) -> Result<(), Error> {
        if self.key.exists() {
            return Ok(());
        }
        let all = [
            &paths.ca,
            &paths.certificate,
            &paths.key,
            &paths.config,
            &paths.roles_anywhere_config,
            &paths.env,
        ];
        match all.into_iter().find(|path| path.exists()) {
            Some(path) => Err(Error::Foreign(path.clone())),
            None => Ok(()),
        }
    }

    /// The authority that is there, or a new one. The key is written last: its
    /// presence says that the certificate beside it is ours.
    fn authority(&self, paths: &Paths) -> Result<Authority, Error> {
        if let Some(key) = read_if_present(&self.key)? {
            let certificate = read(&paths.ca)?;
            return Authority::restore(certificate, &key).map_err(damaged(&self.key));
        }
        let authority = Authority::new()?;
        write(
            &paths.ca,
            authority.certificate_pem().as_bytes(),
            Access::Public,
        )?;
        write(&self.key, authority.key_pem().as_bytes(), Access::Private)?;
        Ok(authority)
    }
}

/// The device certificate that is there, or a new one if it or its key is missing.
fn device(paths: &Paths, authority: &Authority) -> Result<CertificateDer<'static>, Error> {
    if let Some(pem) = read_if_present(&paths.certificate)?
        && paths.key.exists()
    {
        return CertificateDer::from_pem_slice(pem.as_bytes()).map_err(damaged(&paths.certificate));
    }
    let device = authority.issue("AWS IoT Certificate", KeyType::Rsa2048, Validity::default())?;
    write(&paths.key, device.key_pem().as_bytes(), Access::Private)?;
    write(
        &paths.certificate,
        device.certificate_pem().as_bytes(),
        Access::Public,
    )?;
    Ok(device.certificate().clone())
}

fn lock(path: &Path, root: &Path) -> Result<File, Error> {
    let file = File::create(path).map_err(Error::file("make", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy(root.to_owned())),
        Err(TryLockError::Error(source)) => Err(Error::file("lock", path)(source)),
    }
}

fn damaged<E>(path: &Path) -> impl FnOnce(E) -> Error
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |source| Error::Damaged {
        path: path.to_owned(),
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_real_devices_files_are_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("private.pem.key");
        fs::write(&key, "a real key").unwrap();
        let error = Directory::open(dir.path()).expect_err("the key is not ours");
        assert!(matches!(error, Error::Foreign(path) if path.ends_with("private.pem.key")));
        assert_eq!(fs::read_to_string(&key).unwrap(), "a real key");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_second_local_cloud_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let first = Directory::open(dir.path()).unwrap();
        let error = Directory::open(dir.path()).expect_err("the first holds the lock");
        assert!(matches!(error, Error::Busy(_)));
        drop(first);
        Directory::open(dir.path()).unwrap();
    }

    #[test]
    fn keys_are_readable_by_their_owner_only_and_are_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let (ca, key) = {
            let first = Directory::open(dir.path()).unwrap();
            (
                first.authority.certificate_pem().to_owned(),
                fs::read(&first.paths.key).unwrap(),
            )
        };
        let second = Directory::open(dir.path()).unwrap();
        assert_eq!(second.authority.certificate_pem(), ca);
        assert_eq!(fs::read(&second.paths.key).unwrap(), key);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&second.paths.key), 0o600);
        assert_eq!(mode(&second.root.join(".localcloud")), 0o700);
        assert_eq!(mode(&second.root.join(".localcloud/ca.pem.key")), 0o600);
    }
}
