//! Where programs find their token.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use sealift_config::ClientName;
use tempfile::{NamedTempFile, TempPath};
use zeroize::Zeroizing;

use crate::token::{NoRandomness, Token};

/// A token's file, which goes with this value if it is not to be kept.
#[derive(Debug)]
pub(crate) struct TokenFile {
    path: PathBuf,
    _gone_when_dropped: Option<TempPath>,
}

/// There is no token for a client.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No random numbers.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The file system does not let us.
    #[error("cannot {action} the token file {}", path.display())]
    Unusable {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may have read it.
    #[error(
        "the token file {} could be read by others (mode {mode:o}); remove it, and a new token is made at \
         the next start", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Somebody else's file.
    #[error("the token file {} belongs to user {owner}, not to the service's; remove it", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The number of the user.
        owner: u32,
    },
    /// It holds something else.
    #[error("the file {} holds no token; remove it, and a new one is made at the next start", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl TokenFile {
    /// The token of a client whose file is in `directory`: the one that is there, or a new one.
    pub(crate) fn kept(directory: &Path, client: &ClientName) -> Result<(Token, Self), TokenError> {
        let path = directory.join(format!("{client}.token"));
        let token = match read(&path)? {
            Some(token) => token,
            None => make(directory, &path)?,
        };
        let file = Self {
            path,
            _gone_when_dropped: None,
        };
        Ok((token, file))
    }

    /// A new token in a file in `directory` that goes with the value.
    pub(crate) fn passing(directory: &Path) -> Result<(Token, Self), TokenError> {
        let token = Token::random()?;
        let write = || {
            // 0600, under a name that nobody guesses.
            let mut file = tempfile::Builder::new()
                .prefix("sealift-")
                .suffix(".token")
                .tempfile_in(directory)?;
            file.write_all(token.reveal().as_bytes())?;
            Ok(file.into_temp_path())
        };
        let temporary = write().map_err(unusable("make", directory))?;
        let file = Self {
            path: temporary.to_path_buf(),
            _gone_when_dropped: Some(temporary),
        };
        Ok((token, file))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn unusable(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TokenError {
    move |source| TokenError::Unusable {
        action,
        path: path.to_owned(),
        source,
    }
}

fn read(path: &Path) -> Result<Option<Token>, TokenError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file: File = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => file.into(),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(unusable("open", path)(error.into())),
    };
    let metadata = file.metadata().map_err(unusable("look at", path))?;
    if !metadata.is_file() {
        return Err(TokenError::Damaged {
            path: path.to_owned(),
        });
    }
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(TokenError::Foreign {
            path: path.to_owned(),
            owner,
        });
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(TokenError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST));
    file.take(LONGEST as u64)
        .read_to_end(&mut text)
        .map_err(unusable("read", path))?;
    Token::parse(&text)
        .map(Some)
        .ok_or_else(|| TokenError::Damaged {
            path: path.to_owned(),
        })
}

/// More than a token has, in bytes.
const LONGEST: usize = 64;

/// A new token, all of it in the file or none, also when the power goes.
fn make(directory: &Path, path: &Path) -> Result<Token, TokenError> {
    let token = Token::random()?;
    let write = || {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let mut file = NamedTempFile::new_in(directory)?;
        // No line break behind it: SDKs take the file as it is.
        file.write_all(token.reveal().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)?;
        File::open(directory)?.sync_all()
    };
    match write() {
        Ok(()) => Ok(token),
        // Another service has made it meanwhile.
        Err(error)
            if error.kind() == ErrorKind::AlreadyExists && fs::exists(path).unwrap_or(false) =>
        {
            read(path)?.ok_or_else(|| unusable("make", path)(error))
        }
        Err(error) => Err(unusable("make", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use sealift_config::ClientName;

    use super::{TokenError, TokenFile};

    fn client() -> ClientName {
        ClientName::default_client()
    }

    #[test]
    fn a_token_is_kept_across_restarts_and_for_its_user_alone() {
        let state = tempfile::tempdir().unwrap();
        let directory = state.path().join("a/clients");
        let (token, file) = TokenFile::kept(&directory, &client()).unwrap();
        let mode =
            |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file.path()), 0o600);
        assert_eq!(mode(&directory), 0o700);
        assert!(token.is(&fs::read(file.path()).unwrap()));
        let path = file.path().to_owned();
        drop(file);
        let (again, _) = TokenFile::kept(&directory, &client()).unwrap();
        assert!(again.is(token.reveal().as_bytes()));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn each_client_has_a_token_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let (one, _) = TokenFile::kept(directory.path(), &client()).unwrap();
        let (other, _) = TokenFile::kept(directory.path(), &"logger".parse().unwrap()).unwrap();
        assert!(!one.is(other.reveal().as_bytes()));
    }

    #[test]
    fn a_token_that_others_could_read_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let (_, file) = TokenFile::kept(directory.path(), &client()).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        let error = TokenFile::kept(directory.path(), &client()).unwrap_err();
        assert!(
            matches!(error, TokenError::Exposed { mode: 0o640, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_damaged_token_is_an_error_and_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("default.token");
        for contents in ["", "short", &"x".repeat(44), &"x".repeat(1000)] {
            fs::write(&path, contents).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let error = TokenFile::kept(directory.path(), &client()).unwrap_err();
            assert!(matches!(error, TokenError::Damaged { .. }), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
    }

    #[test]
    fn a_link_to_somebody_elses_file_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        symlink("/etc/hostname", directory.path().join("default.token")).unwrap();
        let error = TokenFile::kept(directory.path(), &client()).unwrap_err();
        assert!(
            matches!(error, TokenError::Unusable { action: "open", .. }),
            "{error}"
        );
    }

    #[test]
    fn a_passing_token_goes_with_its_value() {
        let directory = tempfile::tempdir().unwrap();
        let (token, file) = TokenFile::passing(directory.path()).unwrap();
        assert!(token.is(&fs::read(file.path()).unwrap()));
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(file);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
