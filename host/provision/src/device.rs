//! The files of a device.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use sealift_config::{KeyPermissions, KeyReference, ThingName};
use sealift_keystore::{
    CertificateChain, GenerateError, KeySpec, Subject, TokenSettings, certificate_request,
    generate_key, open_key,
};
use tempfile::NamedTempFile;

use crate::request::Files;
use crate::{Error, Request};

/// The root of AWS's endpoints ("Server authentication", AWS IoT developer guide).
const AMAZON_ROOT: &str = include_str!("AmazonRootCA1.pem");

/// What a device's configuration is made of.
pub(crate) struct Settings<'a> {
    pub(crate) thing: &'a ThingName,
    pub(crate) endpoint: &'a str,
    pub(crate) role_alias: &'a str,
    pub(crate) region: &'a str,
    /// Of a store that is not AWS's.
    pub(crate) store: Option<&'a str>,
}

/// The id that AWS IoT gives to the certificate in the directory: its SHA-256 (`DescribeCertificate`, AWS IoT API reference).
pub(crate) fn certificate_id(files: &Files) -> Result<Option<String>, Error> {
    let path = &files.certificate;
    if !path
        .try_exists()
        .map_err(|source| failed("look for", path, source))?
    {
        return Ok(None);
    }
    let chain = CertificateChain::open(path)?;
    Ok(Some(chain.leaf().fingerprint().to_string()))
}

/// Whether all is there but what only the account gives.
pub(crate) fn has_files(files: &Files) -> bool {
    files.ca.is_file() && files.config.is_file()
}

/// A request for a certificate, in PEM. The key that it is of is made if there is none, and stays where it is.
pub(crate) fn request(
    request: &Request,
    files: &Files,
    thing: &ThingName,
) -> Result<String, Error> {
    if let Some(path) = &request.csr {
        return fs::read_to_string(path)
            .map_err(|source| failed("read the request in", path, source));
    }
    if let Some(directory) = files.key.parent() {
        fs::create_dir_all(directory)
            .map_err(|source| failed("make the directory", directory, source))?;
    }
    let reference = KeyReference::File(files.key.clone());
    let tokens = TokenSettings::default();
    let key = match generate_key(&reference, &tokens, KeySpec::P256) {
        // An interrupted run left it.
        Err(GenerateError::Exists(_)) => open_key(&reference, KeyPermissions::Strict, &tokens)?,
        made => made?,
    };
    let subject = Subject::of_common_name(thing.as_str());
    Ok(certificate_request(&*key, &subject)?)
}

pub(crate) fn write_certificate(files: &Files, pem: &str) -> Result<(), Error> {
    write(&files.certificate, pem)
}

pub(crate) fn remove_certificate(files: &Files) -> Result<(), Error> {
    let path = &files.certificate;
    fs::remove_file(path).map_err(|source| failed("remove", path, source))
}

/// The root certificate and the configuration. A configuration that is there stays.
pub(crate) fn write_files(
    files: &Files,
    settings: &Settings<'_>,
    ca: Option<&Path>,
) -> Result<(), Error> {
    let root = match ca {
        None => AMAZON_ROOT.to_owned(),
        Some(path) => fs::read_to_string(path).map_err(|source| failed("read", path, source))?,
    };
    write(&files.ca, &root)?;
    if files.config.exists() {
        return Ok(());
    }
    write(&files.config, &configuration(settings))
}

fn configuration(settings: &Settings<'_>) -> String {
    let Settings {
        thing,
        endpoint,
        role_alias,
        region,
        store,
    } = settings;
    let store = store.map_or_else(String::new, |store| format!("endpoint = \"{store}\"\n"));
    format!(
        "[device]\nthing_name  = \"{thing}\"\ncertificate = \"device.pem.crt\"\nkey         = \"private.pem.key\"\n\
         ca          = \"AmazonRootCA1.pem\"\n\n\
         [credentials]\nendpoint   = \"{endpoint}\"\nrole_alias = \"{role_alias}\"\n\n\
         [s3]\nregion = \"{region}\"\n{store}"
    )
}

/// Appears at once and whole, and is on disk.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(directory).and_then(|()| {
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(mode)?;
        file.persist(path)?;
        fs::File::open(directory)?.sync_all()
    });
    written.map_err(|source| failed("write", path, source))
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File {
        what,
        path: path.to_owned(),
        source,
    }
}
