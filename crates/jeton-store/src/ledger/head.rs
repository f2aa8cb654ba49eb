//! Where the ledger ends.

use jeton_core::commit::Sequence;
use jeton_core::moment::Time;

use super::merkle::Frontier;

/// Where the ledger ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are: the sequence of the next one.
    pub size: Sequence,
    /// The time of the last entry; the next is not earlier.
    pub time: Time,
    /// Which run of the ledger this is: a restore opens another, and cursors of the old one are not taken.
    pub incarnation: [u8; 16],
    /// The Merkle tree's right edge.
    pub frontier: Frontier,
}
