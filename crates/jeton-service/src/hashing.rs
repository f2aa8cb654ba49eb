//! The slow hashing of passwords: a port. It takes a core for a quarter of a second and much memory, so whoever implements it has threads of its
//! own and a queue with an end; here it is asked, and waited for.

use std::pin::Pin;

use jeton_token::Secret;
use zeroize::Zeroizing;

/// Hashes passwords, and checks them. A hash is a PHC string: it says itself how it was made.
pub trait Hashing: Send + Sync {
    /// Does one job, in its turn.
    fn run(&self, job: Job) -> Working<'_>;
}

/// What a job comes to, later.
pub type Working<'a> = Pin<Box<dyn Future<Output = Result<Worked, Overloaded>> + Send + 'a>>;

/// What is to be done.
#[derive(Debug)]
pub enum Job {
    /// Makes the hash of a new password.
    Make {
        /// The password.
        password: Secret,
        /// Drawn for it alone.
        salt: [u8; 16],
    },
    /// Checks a password.
    Check {
        /// What somebody says their password is.
        password: Secret,
        /// The hash of it; `None`: there is none to compare with, and nobody learns so from the time that it takes.
        kept: Option<Zeroizing<String>>,
        /// Drawn for it alone, for where it must be hashed anew.
        salt: [u8; 16],
    },
}

/// What was done.
#[derive(Debug)]
pub enum Worked {
    /// The hash of a new password.
    Made(Zeroizing<String>),
    /// The password is the right one. `anew`: its hash as it is made today, where the one that is kept was made otherwise.
    Right {
        /// What to keep from now on.
        anew: Option<Zeroizing<String>>,
    },
    /// It is not.
    Wrong,
}

/// Too much waits, or has waited for too long: nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overloaded;
