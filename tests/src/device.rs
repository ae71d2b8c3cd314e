//! A device with a key of the test's choice, known to a cloud.

use std::ffi::OsString;
use std::path::PathBuf;

use localcloud::{Fingerprint, KeyType, Validity};
use tokens::Token;

use crate::{Cloud, Program, openssl};

/// A device beside the one that a cloud makes: another key, and another certificate of the same thing.
pub struct Device<'a> {
    cloud: &'a Cloud,
    name: String,
    certificate: Fingerprint,
    variables: Vec<(&'static str, OsString)>,
}

impl<'a> Device<'a> {
    /// A device with its key in a file.
    pub fn with_file(cloud: &'a Cloud, name: &str, key_type: KeyType) -> Self {
        let issued = cloud
            .authority()
            .issue(name, key_type, Validity::default())
            .unwrap();
        cloud.enrol(issued.fingerprint());
        let key = cloud.private_file(&format!("{name}.key"), issued.key_pem());
        let certificate = cloud.file(&format!("{name}.pem"), issued.certificate_pem());
        Self {
            cloud,
            name: name.to_owned(),
            certificate: issued.fingerprint(),
            variables: vec![
                ("SEALIFT_DEVICE_KEY", key.into()),
                ("SEALIFT_DEVICE_CERTIFICATE", certificate.into()),
            ],
        }
    }

    /// A device that makes its key on a token, under its name, and asks for the certificate.
    pub fn with_token(cloud: &'a Cloud, token: &Token, name: &str, algorithm: &str) -> Self {
        let uri = token.uri(name);
        let device = Program::on(cloud).with_token(token).arg("key");
        let make = device.args(["generate", &uri, "--algorithm", algorithm]);
        make.run().done();
        Self::with_key_on(cloud, token, name)
    }

    /// A device whose key is on a token already, under its name.
    pub fn with_key_on(cloud: &'a Cloud, token: &Token, name: &str) -> Self {
        let uri = token.uri(name);
        let ask = Program::on(cloud).with_token(token).arg("key");
        let subject = format!("CN={name}");
        let request = ask.args(["csr", &uri, "--subject", &subject]).run();
        openssl(&["req", "-verify", "-noout"], request.done());
        let authority = cloud.authority();
        let certified = authority.certify(request.done(), Validity::default());
        let certified = certified.unwrap();
        cloud.enrol(certified.fingerprint());
        let certificate = cloud.file(&format!("{name}.pem"), certified.certificate_pem());
        let mut device = Self {
            cloud,
            name: name.to_owned(),
            certificate: certified.fingerprint(),
            variables: vec![
                ("SEALIFT_DEVICE_KEY", uri.into()),
                ("SEALIFT_DEVICE_CERTIFICATE", certificate.into()),
            ],
        };
        device.variables.extend(of_token(token));
        device
    }

    /// The common name of its certificate.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the cloud knows it by.
    pub fn certificate(&self) -> Fingerprint {
        self.certificate
    }

    /// The file of its certificate.
    pub fn certificate_file(&self) -> PathBuf {
        self.cloud.path(&format!("{}.pem", self.name))
    }

    /// `sealift` of this device.
    pub fn program(&self) -> Program {
        let program = Program::on(self.cloud);
        self.variables
            .iter()
            .fold(program, |program, (name, value)| program.env(name, value))
    }
}

fn of_token(token: &Token) -> Vec<(&'static str, OsString)> {
    let module = ("SEALIFT_DEVICE_PKCS11_MODULE", token.module().into());
    let environment = token.environment();
    let environment = environment.map(|(name, value)| (name, value.clone()));
    environment.chain([module]).collect()
}

impl Program {
    /// `sealift` that finds a token.
    #[must_use]
    pub fn with_token(self, token: &Token) -> Self {
        of_token(token)
            .into_iter()
            .fold(self, |program, (name, value)| program.env(name, value))
    }
}
