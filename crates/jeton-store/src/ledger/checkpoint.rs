//! Checkpoints: the ledger's size and root, signed (C2SP tlog-checkpoint, a signed note).
//!
//! ```text
//! issuer.example
//! 1204
//! q1Zf…root in base64…=
//! time 1790000000
//!
//! — issuer.example base64(4 bytes of the key's hash ‖ Ed25519 signature)
//! ```

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::merkle::Hash;

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose ledger.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Hash,
    /// When it was signed, in seconds: an extension line `time`.
    pub time_seconds: i64,
}

/// The public half of a checkpoint key, and the name it signs under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointKey {
    name: String,
    public: [u8; 32],
}

/// The signature type of Ed25519 (C2SP signed-note).
const ED25519_TYPE: u8 = 0x01;

impl Checkpoint {
    /// The signed note, signed by `sign`.
    ///
    /// # Errors
    /// What `sign` says.
    pub fn sign<E>(&self, key: &CheckpointKey, sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<String, E> {
        let text = format!("{}\n{}\n{}\ntime {}\n", self.origin, self.size, STANDARD.encode(self.root), self.time_seconds);
        key.sign_note(text, sign)
    }

    /// Reads a note whose signature by `key` holds. `None`: it does not, or it is no checkpoint of ours.
    #[must_use]
    pub fn verify(note: &str, key: &CheckpointKey) -> Option<Checkpoint> {
        key.open_note(note).and_then(|_| Checkpoint::read(note))
    }

    /// Reads a note without asking who signed it: for one that was kept where nobody could change it. `None`: it is no checkpoint of ours.
    #[must_use]
    pub fn read(note: &str) -> Option<Checkpoint> {
        let (text, _) = note.split_once("\n\n")?;
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let time_seconds = lines.next()?.strip_prefix("time ")?.parse().ok()?;
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let is_canonical = size == "0" || !size.starts_with(['0', '+']);
        is_canonical.then_some(())?;
        Some(Checkpoint { origin: origin.to_owned(), size: size.parse().ok()?, root, time_seconds })
    }
}

impl CheckpointKey {
    /// The key of a name.
    #[must_use]
    pub fn of(name: &str, public: &[u8; 32]) -> CheckpointKey {
        CheckpointKey { name: name.to_owned(), public: *public }
    }

    /// Reads `name+hash+base64`, the text of a verifier key.
    #[must_use]
    pub fn parse(text: &str) -> Option<CheckpointKey> {
        let mut parts = text.splitn(3, '+');
        let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
        let key = STANDARD.decode(encoded).ok()?;
        let (algorithm, public) = key.split_first()?;
        let key = CheckpointKey { name: name.to_owned(), public: public.try_into().ok()? };
        (*algorithm == ED25519_TYPE && hexadecimal(&key.id()) == id).then_some(key)
    }

    /// Signs a text as a note (C2SP signed-note): lines, the last with its end.
    ///
    /// # Errors
    /// What `sign` says.
    pub fn sign_note<E>(&self, mut text: String, sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<String, E> {
        let mut line = self.id().to_vec();
        line.extend(sign(text.as_bytes())?);
        text.push_str(&format!("\n\u{2014} {} {}\n", self.name, STANDARD.encode(line)));
        Ok(text)
    }

    /// The text of a note, its last end of line with it, where this key signed it. `None`: it did not.
    #[must_use]
    pub fn open_note(&self, note: &str) -> Option<String> {
        let (text, signatures) = note.split_once("\n\n")?;
        let text = format!("{text}\n");
        let prefix = format!("\u{2014} {} ", self.name);
        let mut signed = signatures.lines().filter_map(|line| STANDARD.decode(line.strip_prefix(&prefix)?).ok());
        let holds = |line: Vec<u8>| {
            line.split_at_checked(4).is_some_and(|(id, signature)| {
                id == self.id() && UnparsedPublicKey::new(&ED25519, self.public).verify(text.as_bytes(), signature).is_ok()
            })
        };
        signed.any(holds).then_some(text)
    }

    /// The first bytes of SHA-256(name ‖ newline ‖ type ‖ public key).
    fn id(&self) -> [u8; 4] {
        let mut hashed = self.name.clone().into_bytes();
        hashed.extend([b'\n', ED25519_TYPE]);
        hashed.extend(self.public);
        let hash = digest(&SHA256, &hashed);
        let mut id = [0; 4];
        id.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
        id
    }
}

/// The text of a verifier key: `name+hash+base64`.
impl fmt::Display for CheckpointKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend(self.public);
        write!(formatter, "{}+{}+{}", self.name, hexadecimal(&self.id()), STANDARD.encode(key))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    #[test]
    fn a_checkpoint_is_read_only_as_it_was_signed() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let key = CheckpointKey::of("issuer.example", pair.public_key().as_ref().try_into().unwrap());
        let checkpoint = Checkpoint { origin: "issuer.example".into(), size: 12, root: [3; 32], time_seconds: 1_790_000_000 };
        let note = checkpoint.sign(&key, |message| Ok::<_, ()>(pair.sign(message).as_ref().to_vec())).unwrap();
        assert_eq!(Checkpoint::verify(&note, &key), Some(checkpoint));
        assert_eq!(CheckpointKey::parse(&key.to_string()), Some(key.clone()));
        for changed in [
            note.replace("12", "13"),
            note.replace("issuer", "tissue"),
            note.replace("time 17", "time 18"),
            note[..note.len() - 9].to_owned(),
        ] {
            assert_eq!(Checkpoint::verify(&changed, &key), None, "{changed}");
        }
        assert_eq!(Checkpoint::verify(&note, &CheckpointKey::of("issuer.example", &[1; 32])), None);
        for place in 0..note.len() - 1 {
            for bit in 0..7 {
                let mut changed = note.clone().into_bytes();
                changed[place] ^= 1 << bit;
                let changed = String::from_utf8_lossy(&changed);
                assert_eq!(Checkpoint::verify(&changed, &key), None, "byte {place} of {changed}");
            }
            assert!(note.get(..place).is_none_or(|cut| Checkpoint::verify(cut, &key).is_none()), "cut at {place}");
        }
    }
}
