//! The Merkle tree of RFC 6962 section 2.1: roots from a frontier, proofs from leaves.

use aws_lc_rs::digest::{SHA256, digest};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// Before a leaf's content.
pub const LEAF_PREFIX: u8 = 0x00;
const NODE_PREFIX: u8 = 0x01;

/// The hash of two neighbours.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut content = [0_u8; 65];
    content[0] = NODE_PREFIX;
    content[1..33].copy_from_slice(left);
    content[33..].copy_from_slice(right);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &content).as_ref());
    hash
}

/// The right edge of a tree: the roots of its full subtrees, largest first. All that appending needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The frontier of `size` leaves, from its stored roots; `None` when their number is not the size's.
    #[must_use]
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Option<Frontier> {
        (roots.len() == size.count_ones() as usize).then_some(Frontier { size, roots })
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the full subtrees, largest first.
    #[must_use]
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Appends a leaf.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one of the size is a full subtree that the new leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root over all leaves; of none, the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else {
            let mut empty = [0; 32];
            empty.copy_from_slice(digest(&SHA256, &[]).as_ref());
            return empty;
        };
        roots.fold(*last, |right, left| node(left, &right))
    }
}

/// The root over these leaves.
#[must_use]
pub fn root(leaves: impl IntoIterator<Item = Hash>) -> Hash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.append(leaf);
    }
    frontier.root()
}

/// A hash as lowercase hexadecimal digits.
#[must_use]
pub fn hexadecimal(hash: &Hash) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
