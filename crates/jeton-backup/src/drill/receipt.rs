//! What a drill that passed is written down as: lines that people read, and that a note is signed of.

use std::fmt;

use jeton_core::rfc3339;
use jeton_store::ledger::Hash;
use jeton_store::ledger::checkpoint::CheckpointKey;

use crate::identity::Recipient;
use crate::object::{from_hexadecimal, hexadecimal, sha256};

/// What a drill found.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// Whose backup.
    pub issuer: String,
    /// Who opened it.
    pub identity: Recipient,
    /// The snapshot it stands on.
    pub snapshot: String,
    /// The incarnation of the ledger.
    pub incarnation: [u8; 16],
    /// How many entries were restored.
    pub entries: u64,
    /// The Merkle root over them.
    pub root: Hash,
    /// SHA-256 over the rows that were restored.
    pub digest: Hash,
    /// How many rows those are.
    pub rows: u64,
    /// How many of them are the same in the live store; `None`: it was not at hand.
    pub same: Option<u64>,
    /// How many tables of usage add up to what the manifest says.
    pub usage: usize,
    /// How many rows of usage add up to what they do in the live store; `None`: it was not at hand, and the manifest alone was compared with.
    pub usage_live: Option<u64>,
    /// How many credentials that are revoked were refused.
    pub refused: usize,
    /// When it began, in seconds.
    pub began_at_seconds: i64,
    /// How long it took, in seconds.
    pub seconds: i64,
    /// The program that drilled.
    pub program: String,
}

const FIRST: &str = "jeton drill";
/// What usage was compared with.
const USAGE_WITH: &str = "usage_with";

impl fmt::Display for Receipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let same = self.same.map_or_else(|| "none".to_owned(), |same| same.to_string());
        writeln!(formatter, "{FIRST}")?;
        writeln!(formatter, "issuer {}", self.issuer)?;
        writeln!(formatter, "identity {}", self.identity)?;
        writeln!(formatter, "snapshot {}", self.snapshot)?;
        writeln!(formatter, "incarnation {}", hexadecimal(&self.incarnation))?;
        writeln!(formatter, "entries {}", self.entries)?;
        writeln!(formatter, "root {}", hexadecimal(&self.root))?;
        writeln!(formatter, "digest {}", hexadecimal(&self.digest))?;
        writeln!(formatter, "rows {}", self.rows)?;
        writeln!(formatter, "same {same}")?;
        writeln!(formatter, "usage {}", self.usage)?;
        match self.usage_live {
            Some(rows) => writeln!(formatter, "{USAGE_WITH} live {rows}")?,
            None => writeln!(formatter, "{USAGE_WITH} manifest")?,
        }
        writeln!(formatter, "refused {}", self.refused)?;
        writeln!(formatter, "began {}", rfc3339::format(self.began_at_seconds))?;
        writeln!(formatter, "seconds {}", self.seconds)?;
        writeln!(formatter, "program {}", self.program)
    }
}

impl Receipt {
    /// Reads a note that this key signed. `None`: it did not, or it is no receipt.
    #[must_use]
    pub fn open(note: &str, key: &CheckpointKey) -> Option<Receipt> {
        Receipt::parse(&key.open_note(note)?)
    }

    /// Reads the text of a receipt, which must be written as this program writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Receipt> {
        let mut lines = text.lines();
        lines.next().filter(|line| *line == FIRST)?;
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned);
        let receipt = Receipt {
            issuer: value("issuer")?,
            identity: value("identity")?.parse().ok()?,
            snapshot: value("snapshot")?,
            incarnation: from_hexadecimal(&value("incarnation")?)?,
            entries: value("entries")?.parse().ok()?,
            root: from_hexadecimal(&value("root")?)?,
            digest: from_hexadecimal(&value("digest")?)?,
            rows: value("rows")?.parse().ok()?,
            same: Some(value("same")?).filter(|same| same != "none").map(|same| same.parse()).transpose().ok()?,
            usage: value("usage")?.parse().ok()?,
            usage_live: parse_with(&value(USAGE_WITH)?)?,
            refused: value("refused")?.parse().ok()?,
            began_at_seconds: rfc3339::parse(&value("began")?)?,
            seconds: value("seconds")?.parse().ok()?,
            program: value("program")?,
        };
        (receipt.to_string() == text).then_some(receipt)
    }

    /// When the drill was over, in seconds.
    #[must_use]
    pub fn ended_at_seconds(&self) -> i64 {
        self.began_at_seconds.saturating_add(self.seconds)
    }
}

/// What usage was compared with: how many rows of the live store; `None`: another word.
#[expect(clippy::option_option, reason = "what was read, or nothing that can be")]
fn parse_with(words: &str) -> Option<Option<u64>> {
    match words.strip_prefix("live ") {
        Some(rows) => Some(Some(rows.parse().ok()?)),
        None => (words == "manifest").then_some(None),
    }
}

/// The hash that a note is named by.
#[must_use]
pub fn hash_of(note: &str) -> Hash {
    sha256(note.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;

    #[test]
    fn a_receipt_is_read_as_it_was_written_and_in_no_other_way() {
        for (same, usage_live) in [(Some(1_900), Some(512)), (None, None)] {
            let receipt = Receipt {
                issuer: "https://id.example".into(),
                identity: Identity::generate().recipient(),
                snapshot: "20261126T191327Z-1a2b3c4d".into(),
                incarnation: [1; 16],
                entries: 1_205,
                root: [2; 32],
                digest: [3; 32],
                rows: 2_000,
                same,
                usage: 8,
                usage_live,
                refused: 2,
                began_at_seconds: 1_795_000_000,
                seconds: 3,
                program: "0.1.0".into(),
            };
            let text = receipt.to_string();
            assert_eq!(Receipt::parse(&text), Some(receipt));
            for wrong in [
                text.replace("rows 2000", "rows 02000"),
                text.replace("entries 1205\n", ""),
                text.replace("began 2026", "began 20-6"),
                text.replace("same", "more"),
                text.replace("usage_with", "usage_with more"),
                text.replace("live 512", "live").replace("manifest", "live"),
                format!("{text}\n"),
                text.trim_end().to_owned(),
                String::new(),
            ] {
                assert_eq!(Receipt::parse(&wrong), None, "{wrong}");
            }
        }
    }
}
