//! Where a sign-in is kept: a sealed file for each server, and in another folder the key that opens them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use jeton_oauth::Issuer;
use zeroize::Zeroizing;

use super::kept::SignIn;
use crate::commands::failure::Failure;
use crate::config::environment;
use crate::dice::seed;
use crate::replacement::Replacement;

const KEY_BYTES: usize = 32;

/// Where the sign-in at one server is.
pub(crate) struct Vault {
    sealed: PathBuf,
    lock: PathBuf,
    key: PathBuf,
    /// What the file is sealed for: moved to another server's place it is nothing.
    issuer: String,
}

impl Vault {
    /// That of a server, for this user; `None`: this user has no folder.
    pub(crate) fn of(server: &Issuer) -> Option<Vault> {
        let (state, settings) = (environment::state_folder()?, environment::settings_folder()?);
        let issuer = server.as_str().trim_end_matches('/').to_owned();
        let name: String = digest(&SHA256, issuer.as_bytes()).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let folder = state.join("sign-ins");
        Some(Vault { sealed: folder.join(&name), lock: folder.join(format!("{name}.lock")), key: settings.join("sign-in.key"), issuer })
    }

    /// What is kept; `None`: nothing.
    ///
    /// # Errors
    /// When it cannot be read or opened.
    pub(crate) fn read(&self) -> Result<Option<SignIn>, Failure> {
        let sealed = match fs::read(&self.sealed) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            sealed => sealed.map_err(|error| self.failed(&self.sealed, &error))?,
        };
        let Some((nonce, text)) = sealed.split_at_checked(NONCE_LEN).filter(|(nonce, _)| !nonce.is_empty()) else {
            return if sealed.is_empty() { Ok(None) } else { Err(self.unopened()) };
        };
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| self.unopened())?;
        let opened = self.cipher(&self.kept_key()?)?.open_in_place(nonce, Aad::from(self.issuer.as_bytes()), &mut text);
        let opened = opened.map_err(|_| self.unopened())?;
        std::str::from_utf8(opened).ok().and_then(SignIn::from_text).map(Some).ok_or_else(|| self.unopened())
    }

    /// Keeps this in the place of what was there; a power cut leaves the one or the other.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, kept: &SignIn) -> Result<(), Failure> {
        let mut text = Zeroizing::new(kept.to_text().as_bytes().to_vec());
        let aad = Aad::from(self.issuer.as_bytes());
        let nonce = self.cipher(&self.key()?)?.seal_in_place_append_tag(aad, &mut *text).map_err(|_| self.unopened())?;
        let sealed = [nonce.as_ref(), &text[..]].concat();
        let put = || -> io::Result<()> {
            match create(&self.sealed) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => Replacement::begin(&self.sealed)?.finish(&sealed),
            }
        };
        put().map_err(|error| self.failed(&self.sealed, &error))
    }

    /// Forgets it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.sealed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(&self.sealed, &error)),
            _ => Ok(()),
        }
    }

    /// Waits until nobody else changes what is kept; until this is dropped, nobody does.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(crate) fn lock(&self) -> Result<File, Failure> {
        let held = || -> io::Result<File> {
            make_folder(&self.lock)?;
            let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.lock)?;
            file.lock()?;
            Ok(file)
        };
        held().map_err(|error| self.failed(&self.lock, &error))
    }

    fn cipher(&self, key: &[u8]) -> Result<RandomizedNonceKey, Failure> {
        RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| self.unopened())
    }

    /// The key, made where there is none.
    fn key(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if self.key.exists() {
            return self.kept_key();
        }
        let make = || -> io::Result<()> {
            make_folder(&self.key)?;
            // Whoever comes at the same moment waits, and finds it whole.
            let folder = File::open(self.key.parent().unwrap_or(&self.key))?;
            folder.lock()?;
            match create(&self.key) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => {
                    let mut file = made?;
                    file.write_all(&*Zeroizing::new(seed()))?;
                    file.sync_all()
                }
            }
        };
        make().map_err(|error| self.failed(&self.key, &error))?;
        self.kept_key()
    }

    fn kept_key(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let shown = self.key.display();
        let mode = fs::metadata(&self.key).map_err(|error| self.failed(&self.key, &error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Failure::could_not(format!("others may read {shown}"), format!("close it: `chmod 600 {shown}`")));
        }
        let key = Zeroizing::new(fs::read(&self.key).map_err(|error| self.failed(&self.key, &error))?);
        if key.len() == KEY_BYTES { Ok(key) } else { Err(self.unopened()) }
    }

    fn failed(&self, path: &Path, error: &io::Error) -> Failure {
        Failure::could_not(
            format!("what is kept of sign-ins cannot be used: {}: {error}", path.display()),
            "look whose the folder is, and at its room",
        )
    }

    fn unopened(&self) -> Failure {
        Failure::sign_in(
            format!("what is kept of the sign-in at {} cannot be opened with {}", self.issuer, self.key.display()),
            format!("sign in anew: `jeton login --server {}`", self.issuer),
        )
    }
}

fn make_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(file);
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn create(file: &Path) -> io::Result<File> {
    make_folder(file)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}
