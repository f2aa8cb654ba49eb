//! The root key: numbered epochs, each the source of the keys that secrets are checked, hashed and sealed with.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac;
use jeton_token::{CheckKey, HashKey, SecretBytes};
use zeroize::{Zeroize, Zeroizing};

use crate::moment::Moment;

/// All epochs of the root key. The newest is used for what is new; the older ones for what was kept under them.
#[derive(Clone)]
pub struct RootKeys {
    epochs: BTreeMap<u16, EpochKeys>,
    current: u16,
}

impl RootKeys {
    /// The keys of these epochs, each 32 secret bytes under its number.
    ///
    /// # Errors
    /// When there is none, or the library refuses a derivation.
    pub fn new(epochs: impl IntoIterator<Item = (u16, Zeroizing<[u8; 32]>)>) -> Result<RootKeys, RootKeyError> {
        let epochs: BTreeMap<u16, EpochKeys> =
            epochs.into_iter().map(|(number, secret)| Ok((number, EpochKeys::derive(&secret)?))).collect::<Result<_, _>>()?;
        let current = *epochs.keys().next_back().ok_or(RootKeyError::Empty)?;
        Ok(RootKeys { epochs, current })
    }

    /// The newest epoch and its keys.
    #[must_use]
    pub fn current(&self) -> (u16, Option<&EpochKeys>) {
        (self.current, self.epochs.get(&self.current))
    }

    /// The keys of an epoch, if the root file holds it.
    #[must_use]
    pub fn epoch(&self, number: u16) -> Option<&EpochKeys> {
        self.epochs.get(&number)
    }

    /// Whether each epoch of `known` is here, with the same secret: what is kept under it needs it.
    #[must_use]
    pub fn holds_all_of(&self, known: &RootKeys) -> bool {
        let is_here = |(number, keys): (&u16, &EpochKeys)| self.epoch(*number).is_some_and(|own| own.is_of_the_secret_of(keys));
        known.epochs.iter().all(is_here)
    }

    /// The numbers of all epochs, oldest first.
    pub fn numbers(&self) -> impl Iterator<Item = u16> {
        self.epochs.keys().copied()
    }
}

impl fmt::Debug for RootKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.epochs.keys()).finish()
    }
}

/// The keys of one epoch, one for each purpose.
#[derive(Clone)]
pub struct EpochKeys {
    /// Turns away tokens that were never issued, without a read.
    pub check: CheckKey,
    /// Hashes secrets for storage.
    pub hash: HashKey,
    seal: [u8; 32],
    derive: hmac::Key,
    cursor: hmac::Key,
    page_state: [u8; 32],
    page: hmac::Key,
    backup: hmac::Key,
}

impl EpochKeys {
    fn derive(secret: &[u8; 32]) -> Result<EpochKeys, RootKeyError> {
        Ok(EpochKeys {
            check: CheckKey::new(&*purpose(secret, b"jeton/1/token-check")?),
            hash: HashKey::new(&*purpose(secret, b"jeton/1/secret-hash")?),
            seal: *purpose(secret, b"jeton/1/key-seal")?,
            derive: hmac::Key::new(hmac::HMAC_SHA256, &*purpose(secret, b"jeton/1/secret-derive")?),
            cursor: hmac::Key::new(hmac::HMAC_SHA256, &*purpose(secret, b"jeton/1/page-cursor")?),
            page_state: *purpose(secret, b"jeton/1/page-state")?,
            page: hmac::Key::new(hmac::HMAC_SHA256, &*purpose(secret, b"jeton/1/page-mac")?),
            backup: hmac::Key::new(hmac::HMAC_SHA256, &*purpose(secret, b"jeton/1/backup")?),
        })
    }

    fn is_of_the_secret_of(&self, other: &EpochKeys) -> bool {
        // Keys of one secret: what is derived for one purpose stands for all.
        verify_slices_are_equal(&self.seal, &other.seal).is_ok()
    }

    /// Seals a private key, or what else must come back as it was: nonce, then AES-256-GCM over it, bound to `context` (what it is and whose).
    ///
    /// # Errors
    /// When the library refuses.
    pub fn seal(&self, private: &[u8], context: &[u8], moment: &mut Moment) -> Result<Vec<u8>, RootKeyError> {
        seal_under(&self.seal, private, context, moment)
    }

    /// Opens what [`EpochKeys::seal`] sealed.
    ///
    /// # Errors
    /// When it was sealed under another key or for another context, or is damaged.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        let mut sealed = Zeroizing::new(sealed.to_vec());
        self.open_in_place(&mut sealed, context).map(|opened| Zeroizing::new(opened.to_vec()))
    }

    /// The same where it lies: for what is large and no secret.
    ///
    /// # Errors
    /// When it was sealed under another key or for another context, or is damaged; what lies there is of no use then.
    pub fn open_in_place<'s>(&self, sealed: &'s mut [u8], context: &[u8]) -> Result<&'s [u8], RootKeyError> {
        open_under(&self.seal, sealed, context)
    }

    /// Seals what a browser keeps between two pages; `context` says what it is and whose.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn seal_page_state(&self, state: &[u8], context: &[u8], moment: &mut Moment) -> Result<Vec<u8>, RootKeyError> {
        seal_under(&self.page_state, state, context, moment)
    }

    /// Opens what [`EpochKeys::seal_page_state`] sealed.
    ///
    /// # Errors
    /// When it was sealed under another key or for another context, or is damaged.
    pub fn open_page_state(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, RootKeyError> {
        let mut sealed = Zeroizing::new(sealed.to_vec());
        open_under(&self.page_state, &mut sealed, context).map(|opened| Zeroizing::new(opened.to_vec()))
    }

    /// What shows that a form, or the time in a cookie, was written here.
    #[must_use]
    pub fn page_tag(&self, written: &[u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        tag.iter_mut().zip(hmac::sign(&self.page, written).as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }

    /// Whether it was, compared in constant time.
    #[must_use]
    pub fn is_page_tag(&self, written: &[u8], tag: &[u8; 16]) -> bool {
        verify_slices_are_equal(&self.page_tag(written), tag).is_ok()
    }

    /// A secret that comes out again from the same salt: for a reply that may have to be given twice, with nothing clear kept. `context` says
    /// what it is and whose.
    #[must_use]
    pub fn derive_secret(&self, context: &str, salt: &[u8; 32]) -> SecretBytes {
        SecretBytes::new(self.derive_bytes(context, salt))
    }

    /// An id that comes out again from the same salt.
    #[must_use]
    pub fn derive_id(&self, context: &str, salt: &[u8; 32]) -> [u8; 16] {
        self.derive_bytes(context, salt)
    }

    fn derive_bytes<const N: usize>(&self, context: &str, salt: &[u8; 32]) -> [u8; N] {
        // The salt has a fixed length and comes first: no two pairs are one message.
        let mut signing = hmac::Context::with_key(&self.derive);
        signing.update(salt);
        signing.update(context.as_bytes());
        let mut bytes = [0; N];
        bytes.iter_mut().zip(signing.sign().as_ref()).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// What shows that the place in a list was written here.
    #[must_use]
    pub fn cursor_tag(&self, written: &[u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        tag.iter_mut().zip(hmac::sign(&self.cursor, written).as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }

    /// What shows that an object of a backup was written by a server with this root key.
    #[must_use]
    pub fn backup_mac(&self, written: &[u8]) -> [u8; 32] {
        let mut mac = [0; 32];
        mac.iter_mut().zip(hmac::sign(&self.backup, written).as_ref()).for_each(|(to, from)| *to = *from);
        mac
    }

    /// Whether it was, compared in constant time.
    #[must_use]
    pub fn is_backup_mac(&self, written: &[u8], mac: &[u8; 32]) -> bool {
        hmac::verify(&self.backup, written, mac).is_ok()
    }
}

fn seal_under(key: &[u8; 32], clear: &[u8], context: &[u8], moment: &mut Moment) -> Result<Vec<u8>, RootKeyError> {
    let nonce = moment.draw::<NONCE_LEN>();
    let mut sealed = clear.to_vec();
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
        .map_err(|_| RootKeyError::Refused)?;
    sealed.splice(0..0, nonce);
    Ok(sealed)
}

fn open_under<'s>(key: &[u8; 32], sealed: &'s mut [u8], context: &[u8]) -> Result<&'s [u8], RootKeyError> {
    let (nonce, ciphertext) = sealed.split_at_mut_checked(NONCE_LEN).ok_or(RootKeyError::Unsealable)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| RootKeyError::Unsealable)?;
    let opened = cipher(key)?.open_in_place(nonce, Aad::from(context), ciphertext).map_err(|_| RootKeyError::Unsealable)?;
    Ok(opened)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, RootKeyError> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| RootKeyError::Refused)
}

impl Drop for EpochKeys {
    fn drop(&mut self) {
        self.seal.zeroize();
        self.page_state.zeroize();
    }
}

/// What can be wrong with a root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootKeyError {
    /// There is no epoch.
    Empty,
    /// Something is sealed under an epoch that is not there.
    Lacks(u16),
    /// What was sealed does not open under this root key.
    Unsealable,
    /// The cryptographic library refused.
    Refused,
}

impl fmt::Display for RootKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            RootKeyError::Lacks(epoch) => {
                return write!(
                    formatter,
                    "a private key is sealed under epoch {epoch} of the root key, which the root file lacks: it is older than that"
                );
            }
            RootKeyError::Empty => "the root key has no epoch",
            RootKeyError::Unsealable => {
                "a private key does not open under this root key: it was sealed under another one, or it is damaged"
            }
            RootKeyError::Refused => "the cryptographic library refused a key",
        })
    }
}

impl std::error::Error for RootKeyError {}

struct ThirtyTwoBytes;

impl KeyType for ThirtyTwoBytes {
    fn len(&self) -> usize {
        32
    }
}

fn purpose(secret: &[u8; 32], purpose: &[u8]) -> Result<Zeroizing<[u8; 32]>, RootKeyError> {
    let mut key = Zeroizing::new([0_u8; 32]);
    Salt::new(HKDF_SHA256, &[])
        .extract(secret)
        .expand(&[purpose], ThirtyTwoBytes)
        .and_then(|derived| derived.fill(&mut *key))
        .map_err(|_| RootKeyError::Refused)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Time;

    fn keys(byte: u8) -> EpochKeys {
        EpochKeys::derive(&[byte; 32]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_only_as_it_was_sealed() {
        let mut moment = Moment::new(Time::EPOCH, [0; 32]);
        let sealed = keys(1).seal(b"private", b"key k1", &mut moment).unwrap();
        assert_eq!(keys(1).open(&sealed, b"key k1").unwrap().as_slice(), b"private");
        assert_eq!(keys(1).open(&sealed, b"key k2"), Err(RootKeyError::Unsealable));
        assert_eq!(keys(2).open(&sealed, b"key k1"), Err(RootKeyError::Unsealable));
        for cut in 0..sealed.len() {
            assert_eq!(keys(1).open(&sealed[..cut], b"key k1"), Err(RootKeyError::Unsealable), "{cut}");
        }
    }

    #[test]
    fn what_a_browser_keeps_is_sealed_apart() {
        let mut moment = Moment::new(Time::EPOCH, [0; 32]);
        let sealed = keys(1).seal_page_state(b"state", b"flow a", &mut moment).unwrap();
        assert_eq!(keys(1).open_page_state(&sealed, b"flow a").unwrap().as_slice(), b"state");
        assert_eq!(keys(1).open_page_state(&sealed, b"flow b"), Err(RootKeyError::Unsealable));
        assert_eq!(keys(2).open_page_state(&sealed, b"flow a"), Err(RootKeyError::Unsealable));
        assert_eq!(keys(1).open(&sealed, b"flow a"), Err(RootKeyError::Unsealable), "what a browser sends opens no private key");
        let tag = keys(1).page_tag(b"form");
        assert!(keys(1).is_page_tag(b"form", &tag));
        assert!(!keys(1).is_page_tag(b"forn", &tag) && !keys(2).is_page_tag(b"form", &tag));
        assert_ne!(tag, keys(1).cursor_tag(b"form"));
    }

    #[test]
    fn the_newest_epoch_is_current() {
        let keys = RootKeys::new([(3, Zeroizing::new([3; 32])), (1, Zeroizing::new([1; 32]))]).unwrap();
        assert_eq!(keys.current().0, 3);
        assert_eq!(keys.numbers().collect::<Vec<_>>(), [1, 3]);
        assert_eq!(RootKeys::new([]).unwrap_err(), RootKeyError::Empty);
    }
}
