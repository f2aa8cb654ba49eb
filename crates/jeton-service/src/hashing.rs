//! The slow hashing of passwords: a port. It takes a core for a quarter of a second and much memory, so whoever implements it has threads of its
//! own and a queue with an end; here it is asked, and waited for.

use std::io;
use std::pin::Pin;

use jeton_core::password::cost::Cost;
use jeton_token::Secret;
use zeroize::Zeroizing;

/// Who hashes passwords, slowly and not many at once.
pub trait PasswordHashing: Send + Sync + 'static {
    /// The hash of a password, with this salt, as a PHC string; `None`: too many wait.
    fn make(&self, password: Secret, salt: [u8; 16]) -> Hashing<String>;

    /// Whether this is the hash of a password, whoever made it. Where there is none, the same work is done and the answer is no: whoever asks does
    /// not learn that there is none. A hash that is made anew has this salt. `None`: too many wait.
    fn check(&self, password: Secret, hash: Option<Zeroizing<String>>, salt: [u8; 16]) -> Hashing<Compared>;

    /// How much work a hash is, where it was measured since the start: it is to be kept then.
    fn measured(&self) -> Option<Cost> {
        None
    }

    /// Whether others know a password: it is in a list of those that leaked. May wait for a disk.
    ///
    /// # Errors
    /// When the list cannot be read.
    fn is_known(&self, password: &str) -> io::Result<bool>;
}

/// What came of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Whether it is the password.
    pub is_it: bool,
    /// Its hash as it is made today, where the one that is kept is weaker by much or was made elsewhere.
    pub anew: Option<Zeroizing<String>>,
}

/// Work on its way.
pub type Hashing<T> = Pin<Box<dyn Future<Output = Option<T>> + Send>>;
