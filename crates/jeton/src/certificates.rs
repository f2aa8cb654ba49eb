//! The certificate of the TLS listeners: read from two files at the start, and again when they change or a signal asks for it.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jeton_http::api::rfc3339;
use jeton_http::edge::{Certificate, Tls};
use tokio::signal::unix::Signal;
use tokio::time::{MissedTickBehavior, interval};
use zeroize::Zeroizing;

/// How often the files are looked at.
const EACH: Duration = Duration::from_secs(60);

/// More is neither a chain nor a key.
const BYTES_MAX: u64 = 256 * 1024;

/// Where a certificate with its chain and its private key lie, both in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    /// The certificate, and those above it.
    pub(crate) certificate: PathBuf,
    /// The private key.
    pub(crate) key: PathBuf,
}

/// Why the files cannot be used, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    sentence: String,
    hint: String,
}

/// What was seen of the two files without reading them.
type Stamp = [Option<(u64, u64, i64, i64)>; 2];

/// The certificate as it is served, and its files.
pub(crate) struct Kept {
    files: Files,
    tls: Tls,
    stamp: Stamp,
    /// What the files hold is not what is served.
    is_bad: bool,
}

/// Why the files are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It is time to.
    Time,
    /// A signal asked.
    Signal,
}

/// What a look came to.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    /// Nothing new.
    Same,
    /// What the files hold now is served.
    Replaced,
    /// The files cannot be used: what was served before still is.
    Bad(Unusable),
}

impl Kept {
    /// Reads the files.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub(crate) fn open(files: Files) -> Result<Kept, Unusable> {
        let stamp = files.stamp();
        let tls = Tls::new(files.read()?).map_err(|error| files.unusable(&error))?;
        Ok(Kept { files, tls, stamp, is_bad: false })
    }

    /// What the listeners serve.
    pub(crate) fn tls(&self) -> &Tls {
        &self.tls
    }

    /// Where it lies.
    pub(crate) fn name(&self) -> String {
        self.files.certificate.display().to_string()
    }

    /// Looks at the files each minute, and whenever the signal comes.
    pub(crate) async fn watch(mut self, mut signal: Signal) {
        let mut ticks = interval(EACH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let cause = tokio::select! {
                _ = ticks.tick() => Cause::Time,
                _ = signal.recv() => Cause::Signal,
            };
            let certificate = self.name();
            match self.look(cause) {
                Look::Same => {}
                Look::Replaced => {
                    let ends = rfc3339::format(self.tls.validity().ends_seconds);
                    tracing::info!(certificate, ends, "the certificate was read again: new connections are shown it");
                }
                Look::Bad(Unusable { sentence, hint }) => {
                    tracing::error!(certificate, problem = sentence, hint, "the certificate stays as it was: its files cannot be used");
                }
            }
        }
    }

    /// Two files are hardly ever replaced in one moment: what does not fit together is tried again each time, and told once.
    fn look(&mut self, cause: Cause) -> Look {
        let stamp = self.files.stamp();
        let is_new = stamp != self.stamp || cause == Cause::Signal;
        if !is_new && !self.is_bad {
            return Look::Same;
        }
        self.stamp = stamp;
        let read = self.files.read().and_then(|read| self.tls.replace(read).map_err(|error| self.files.unusable(&error)));
        self.is_bad = read.is_err();
        match read {
            Ok(()) => Look::Replaced,
            Err(problem) if is_new => Look::Bad(problem),
            Err(_) => Look::Same,
        }
    }
}

impl Files {
    /// Reads the pair.
    ///
    /// # Errors
    /// What is wrong with which of the two.
    pub(crate) fn read(&self) -> Result<Certificate, Unusable> {
        let chain = read(&self.certificate, "certificate")?;
        // The permissions first: a key that others could read is not used, not even once.
        refuse_readers(&self.key)?;
        let key = read(&self.key, "private key")?;
        Certificate::parse(&chain, &key).map_err(|error| self.unusable(&error))
    }

    fn unusable(&self, error: &dyn fmt::Display) -> Unusable {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        Unusable {
            sentence: format!("{certificate} with {key}: {error}"),
            hint: "put the pair right; a server that runs reads it again within a minute, or at once on SIGHUP".to_owned(),
        }
    }

    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
        })
    }
}

fn read(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, Unusable> {
    let shown = path.display();
    let unread = |error: &dyn fmt::Display| Unusable {
        sentence: format!("the {what} {shown} cannot be read: {error}"),
        hint: "name the two files with --tls-cert and --tls-key, or `tls_cert_file` and `tls_key_file`".to_owned(),
    };
    let length = fs::metadata(path).map_err(|error| unread(&error))?.len();
    if length > BYTES_MAX {
        return Err(unread(&format_args!("it has {length} bytes, more than any {what}")));
    }
    fs::read(path).map(Zeroizing::new).map_err(|error: io::Error| unread(&error))
}

/// A group may read it, as those of certificates are often kept; nobody else, and none but its owner may write it.
fn refuse_readers(path: &Path) -> Result<(), Unusable> {
    let mode = fs::metadata(path).map(|metadata| metadata.mode()).unwrap_or_default();
    if mode & 0o027 == 0 {
        return Ok(());
    }
    let shown = path.display();
    Err(Unusable {
        sentence: format!("others can read or write the private key {shown}"),
        hint: format!("`chmod 600 {shown}`, or 640 for a group; take a new key if somebody may have read it"),
    })
}

impl fmt::Display for Unusable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n  → {}", self.sentence, self.hint)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn files(&self) -> Files {
            Files { certificate: self.0.path().join("cert.pem"), key: self.0.path().join("key.pem") }
        }

        /// Puts a new pair there, or one half of it.
        fn put(&self, certificate: bool, key: bool) {
            let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            let files = self.files();
            if certificate {
                fs::write(files.certificate, made.cert.pem()).unwrap();
            }
            if key {
                fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
                fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
            }
        }
    }

    fn folder() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.put(true, true);
        folder
    }

    #[test]
    fn files_that_changed_are_read_and_bad_ones_change_nothing() {
        let folder = folder();
        let mut kept = Kept::open(folder.files()).unwrap();
        assert_eq!(kept.look(Cause::Time), Look::Same);
        assert_eq!(kept.look(Cause::Signal), Look::Replaced, "a signal asks for it");
        folder.put(true, true);
        assert_eq!(kept.look(Cause::Time), Look::Replaced);
        folder.put(true, false);
        assert!(matches!(kept.look(Cause::Time), Look::Bad(Unusable { sentence, .. }) if sentence.contains("belongs to another")));
        assert_eq!(kept.look(Cause::Time), Look::Same, "told once");
        assert!(matches!(kept.look(Cause::Signal), Look::Bad(_)), "and whenever somebody asks");
        folder.put(true, true);
        assert_eq!(kept.look(Cause::Time), Look::Replaced);
        fs::remove_file(folder.files().key).unwrap();
        assert!(matches!(kept.look(Cause::Time), Look::Bad(Unusable { sentence, .. }) if sentence.contains("cannot be read")));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = folder();
        for (mode, is_good) in [(0o600, true), (0o640, true), (0o400, true), (0o644, false), (0o660, false), (0o606, false), (0o602, false)]
        {
            fs::set_permissions(folder.files().key, fs::Permissions::from_mode(mode)).unwrap();
            let read = folder.files().read();
            assert_eq!(read.is_ok(), is_good, "{mode:o}");
            assert!(is_good || read.unwrap_err().hint.contains("chmod 600"));
        }
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let folder = folder();
        fs::write(folder.files().certificate, vec![b'a'; 1024 * 1024]).unwrap();
        assert!(folder.files().read().unwrap_err().sentence.contains("1048576 bytes"));
    }
}
