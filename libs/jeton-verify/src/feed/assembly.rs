//! A snapshot, part by part.

use jeton_jose::TokenError;
use jeton_jose::jwk::VerifyingKeys;
use jeton_jose::jws;
use jeton_oauth::Issuer;
use jeton_oauth::feed::{CompactJws, Cursor, SnapshotPart};

use crate::checkpoint::LedgerKey;
use crate::fold::Folded;
use crate::negatives::Negatives;

/// The most parts: some hundred megabytes of negatives.
const MAX_PARTS: u32 = 256;

/// Parts of one snapshot, as far as they have come, folded.
#[derive(Debug)]
pub(crate) struct Assembly {
    pub(crate) cursor: Cursor,
    pub(crate) ledger_key: LedgerKey,
    pub(crate) negatives: Negatives,
    /// A change in it was not understood.
    pub(crate) doubtful: bool,
    ledger_key_text: String,
    taken: u32,
    parts: u32,
}

/// Why a part was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is signed with a key that is not known: the key set may have changed.
    UnknownKey,
    /// It is not what the issuer signed, or does not fit the parts before it.
    Invalid,
}

impl Assembly {
    /// Takes the next part; the first begins a new assembly. `revoked` tells of keys that must not sign any more.
    pub(crate) fn take(
        unfinished: Option<Self>,
        (cursor, jws): (&Cursor, &CompactJws),
        issuer: &Issuer,
        keys: &VerifyingKeys,
        revoked: impl Fn(&str) -> bool,
    ) -> Result<Self, Refusal> {
        let part = read(jws, keys, revoked)?;
        let mut assembly = match unfinished {
            None => Self::begin(&part).ok_or(Refusal::Invalid)?,
            Some(unfinished) => unfinished,
        };
        let fits = part.iss == *issuer
            && part.cursor == *cursor
            && part.cursor == assembly.cursor
            && part.parts == assembly.parts
            && part.part == assembly.taken + 1
            && part.ledger_key == assembly.ledger_key_text;
        if !fits {
            return Err(Refusal::Invalid);
        }
        assembly.taken = part.part;
        for change in &part.changes {
            assembly.doubtful |= assembly.negatives.apply(change) == Folded::Unknown;
        }
        Ok(assembly)
    }

    pub(crate) const fn is_complete(&self) -> bool {
        self.taken == self.parts
    }

    fn begin(part: &SnapshotPart) -> Option<Self> {
        let ledger_key = LedgerKey::parse(&part.ledger_key)?;
        (part.parts <= MAX_PARTS).then(|| Self {
            cursor: part.cursor.clone(),
            ledger_key,
            negatives: Negatives::default(),
            doubtful: false,
            ledger_key_text: part.ledger_key.clone(),
            taken: 0,
            parts: part.parts,
        })
    }
}

fn read(jws: &CompactJws, keys: &VerifyingKeys, revoked: impl Fn(&str) -> bool) -> Result<SnapshotPart, Refusal> {
    let verified = jws::verify(jws.as_str(), keys, CompactJws::MAX_LEN).map_err(|error| match error {
        TokenError::UnknownKey => Refusal::UnknownKey,
        _ => Refusal::Invalid,
    })?;
    if verified.header.token_type.as_deref() != Some(SnapshotPart::TYP) || verified.key.key_id().is_some_and(revoked) {
        return Err(Refusal::Invalid);
    }
    SnapshotPart::parse(&verified.payload).ok_or(Refusal::Invalid)
}
