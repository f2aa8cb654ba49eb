//! The ledger's signed checkpoints (C2SP `signed-note` and `tlog-checkpoint`), and what a witness of them insists on.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The signature type of Ed25519 (C2SP `signed-note`).
const ED25519_TYPE: u8 = 0x01;

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose ledger.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The Merkle root over them.
    pub root: [u8; 32],
    /// When it was signed, in seconds since 1970.
    pub time_seconds: i64,
}

/// The key that checks the notes of one name.
#[derive(Debug)]
pub struct LedgerKey {
    name: String,
    id: [u8; 4],
    public: ParsedPublicKey,
}

impl LedgerKey {
    /// Reads `name+hash+base64`, the text of a verifier key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '+');
        let (name, hash, encoded) = (parts.next()?, parts.next()?, parts.next()?);
        let key = STANDARD.decode(encoded).ok()?;
        let (algorithm, public) = key.split_first()?;
        if *algorithm != ED25519_TYPE || name.is_empty() || name.contains(char::is_whitespace) {
            return None;
        }
        let hashed = digest(&SHA256, &[name.as_bytes(), b"\n", &key].concat());
        let id = *hashed.as_ref().first_chunk::<4>()?;
        let public = ParsedPublicKey::new(&ED25519, public).ok()?;
        (hash == format!("{:08x}", u32::from_be_bytes(id))).then(|| Self { name: name.to_owned(), id, public })
    }

    /// Reads a note that this key signed. `None`: it did not, or the note is no checkpoint of a ledger of this name.
    #[must_use]
    pub fn verify(&self, note: &str) -> Option<Checkpoint> {
        let (text, signatures) = note.rsplit_once("\n\n")?;
        let signed = note.get(..=text.len())?;
        let mine = format!("\u{2014} {} ", self.name);
        let holds = |line: &str| {
            let signature = line.strip_prefix(&mine).and_then(|encoded| STANDARD.decode(encoded).ok())?;
            let (id, signature) = signature.split_first_chunk::<4>()?;
            (*id == self.id && self.public.verify_sig(signed.as_bytes(), signature).is_ok()).then_some(())
        };
        signatures.lines().find_map(holds)?;
        let mut lines = signed.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let time_seconds = lines.find_map(|line| line.strip_prefix("time "))?.parse().ok()?;
        let canonical = size == "0" || size.starts_with(|first: char| matches!(first, '1'..='9'));
        if origin != self.name || !canonical {
            return None;
        }
        Some(Checkpoint {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: STANDARD.decode(root).ok()?.try_into().ok()?,
            time_seconds,
        })
    }
}

/// Remembers the largest checkpoint of one life of a ledger.
#[derive(Debug, Default)]
pub struct Witness {
    last: Option<Checkpoint>,
}

/// Two checkpoints that cannot belong to one growing ledger: it was put back or shows different people different histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

impl Witness {
    /// Takes the next checkpoint.
    ///
    /// # Errors
    /// [`Conflict`]: it is smaller than one that was seen, or of the same size with another root.
    pub fn see(&mut self, checkpoint: Checkpoint) -> Result<(), Conflict> {
        if let Some(last) = &self.last
            && (checkpoint.size < last.size || (checkpoint.size == last.size && checkpoint.root != last.root))
        {
            return Err(Conflict);
        }
        self.last = Some(checkpoint);
        Ok(())
    }

    /// The last one, if there was any.
    #[must_use]
    pub const fn last(&self) -> Option<&Checkpoint> {
        self.last.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    const TEXT: &str = "issuer.example\n12\nAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\ntime 1790000000\n";

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    fn key_text(name: &str, seed: u8) -> String {
        let key = [&[ED25519_TYPE], pair(seed).public_key().as_ref()].concat();
        let hash = digest(&SHA256, &[name.as_bytes(), b"\n", &key].concat());
        format!("{name}+{:08x}+{}", u32::from_be_bytes(*hash.as_ref().first_chunk().unwrap()), STANDARD.encode(key))
    }

    fn sign(text: &str, name: &str, seed: u8) -> String {
        let id = LedgerKey::parse(&key_text(name, seed)).unwrap().id;
        let signature = pair(seed).sign(text.as_bytes());
        format!("{text}\n\u{2014} {name} {}\n", STANDARD.encode([&id, signature.as_ref()].concat()))
    }

    #[test]
    fn notes() {
        fn check(note: &str, expected: Option<u64>) {
            let key = LedgerKey::parse(&key_text("issuer.example", 7)).unwrap();
            assert_eq!(key.verify(note).map(|checkpoint| checkpoint.size), expected, "{note}");
        }
        let genuine = sign(TEXT, "issuer.example", 7);
        check(&genuine, Some(12));
        check(&sign(&TEXT.replace("time", "more lines\ntime"), "issuer.example", 7), Some(12));
        // A witness' signature may stand beside it.
        check(&format!("{genuine}\u{2014} witness.example AAAA\n"), Some(12));
        check(&format!("{TEXT}\n\u{2014} witness.example AAAA\n{}", &genuine[TEXT.len() + 1..]), Some(12));
        check(&sign(TEXT, "issuer.example", 8), None);
        check(&sign(TEXT, "other.example", 7), None);
        check(&sign(&TEXT.replace("issuer", "other"), "issuer.example", 7), None);
        for (from, to) in [("12", "13"), ("12", "012"), ("time 17", "time 18"), ("AwM", "BwM"), ("\n\n", "\n")] {
            check(&genuine.replacen(from, to, 1), None);
        }
        for (from, to) in [("12", "012"), ("12", "+12"), ("12", "-1"), ("12", ""), ("12", "18446744073709551616"), ("=", ""), ("time ", "")]
        {
            check(&sign(&TEXT.replacen(from, to, 1), "issuer.example", 7), None);
        }
        for end in 0..genuine.len() {
            let Some(cut) = genuine.get(..end) else { continue };
            // Only the newline at the end may be missing: nothing hangs on it.
            check(cut, (end == genuine.len() - 1).then_some(12));
        }
    }

    #[test]
    fn keys() {
        fn check(text: &str, expected: bool) {
            assert_eq!(LedgerKey::parse(text).is_some(), expected, "{text}");
        }
        let genuine = key_text("issuer.example", 7);
        check(&genuine, true);
        check(&genuine.replacen("issuer", "other", 1), false);
        check(&genuine.to_uppercase(), false);
        check(&key_text("", 7), false);
        check(&key_text("a b", 7), false);
        check("a+00000000+AQ==", false);
        check("a+00000000", false);
        check("", false);
    }

    #[test]
    fn a_witness_lets_a_ledger_only_grow() {
        fn check(seen: &[(u64, u8)], expected: Result<(), Conflict>) {
            let mut witness = Witness::default();
            let checkpoint = |(size, root)| Checkpoint { origin: String::new(), size, root: [root; 32], time_seconds: 0 };
            let last = seen.iter().map(|seen| witness.see(checkpoint(*seen))).last();
            assert_eq!(last, Some(expected), "{seen:?}");
        }
        check(&[(0, 0)], Ok(()));
        check(&[(5, 1), (5, 1)], Ok(()));
        check(&[(5, 1), (6, 2)], Ok(()));
        check(&[(5, 1), (4, 2)], Err(Conflict));
        check(&[(5, 1), (5, 2)], Err(Conflict));
        check(&[(5, 1), (4, 2), (5, 1)], Ok(()));
        check(&[(5, 1), (4, 2), (4, 2)], Err(Conflict));
    }
}
