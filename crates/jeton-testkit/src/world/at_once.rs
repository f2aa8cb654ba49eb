//! Passwords of a world: nobody waits for them.

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use jeton_core::password::cost::Cost;
use jeton_service::passwords::{Compared, Hashing, PasswordHashing};
use jeton_token::Secret;
use zeroize::Zeroizing;

/// Hashes passwords at once, and badly, where nobody hashes them well; counts how often one was compared.
#[derive(Clone, Default)]
pub(super) struct AtOnce(Arc<Counted>);

#[derive(Default)]
struct Counted {
    compared: AtomicU64,
    well: OnceLock<Arc<dyn PasswordHashing>>,
}

impl AtOnce {
    /// Hands passwords to somebody else from now on.
    pub(super) fn hand_to(&self, well: Arc<dyn PasswordHashing>) {
        drop(self.0.well.set(well));
    }

    /// How often one was compared.
    pub(super) fn compared(&self) -> u64 {
        self.0.compared.load(Ordering::Relaxed)
    }
}

impl PasswordHashing for AtOnce {
    fn make(&self, password: Secret, salt: [u8; 16]) -> Hashing<String> {
        match self.0.well.get() {
            Some(well) => well.make(password, salt),
            None => Box::pin(ready(Some(hashed(&password, &hexadecimal(&salt))))),
        }
    }

    fn check(&self, password: Secret, hash: Option<Zeroizing<String>>, salt: [u8; 16]) -> Hashing<Compared> {
        self.0.compared.fetch_add(1, Ordering::Relaxed);
        if let Some(well) = self.0.well.get() {
            return well.check(password, hash, salt);
        }
        let hash = hash.unwrap_or_default();
        // One from elsewhere has the password itself in it.
        let is_from_elsewhere = hash.strip_prefix("$elsewhere$").is_some_and(|known| known == password.expose());
        let is_it = is_from_elsewhere || *hash == hashed(&password, hash.split('$').nth(2).unwrap_or_default());
        let anew = is_from_elsewhere.then(|| Zeroizing::new(hashed(&password, &hexadecimal(&salt))));
        Box::pin(ready(Some(Compared { is_it, anew })))
    }

    fn measured(&self) -> Option<Cost> {
        self.0.well.get().and_then(|well| well.measured())
    }

    fn is_known(&self, password: &str) -> std::io::Result<bool> {
        Ok(password == "password1")
    }
}

fn hashed(password: &Secret, salt: &str) -> String {
    let digits: u64 = password.expose().bytes().fold(7, |sum, byte| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(byte));
    format!("$test${salt}${digits:x}")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
