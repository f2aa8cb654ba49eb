//! Proofs over the ledger's tree: that an entry is in it, and that a later tree holds an earlier one (RFC 6962 sections 2.1.1 and 2.1.2;
//! checked as RFC 9162 sections 2.1.3.2 and 2.1.4.2 say).

use super::merkle::{Hash, node, root};

/// The neighbours on the way from a leaf to the root; `None` when there is no such leaf.
#[must_use]
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    let (mut leaves, mut index) = (leaves, index);
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            proof.push(root(right.iter().copied()));
            leaves = left;
        } else {
            proof.push(root(left.iter().copied()));
            index -= left.len();
            leaves = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// Whether the proof leads from the leaf at `index` to the root of a tree of `size` leaves.
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], expected: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, *leaf);
    for neighbour in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            hash = node(neighbour, &hash);
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, neighbour);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    last == 0 && hash == *expected
}

/// What shows that the tree over all leaves begins with the tree over the first `before`; `None` when there are not so many, or none.
#[must_use]
pub fn consistency_proof(leaves: &[Hash], before: usize) -> Option<Vec<Hash>> {
    if before == 0 || before > leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    let (mut leaves, mut before, mut is_whole) = (leaves, before, true);
    while before != leaves.len() {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if before <= left.len() {
            proof.push(root(right.iter().copied()));
            leaves = left;
        } else {
            proof.push(root(left.iter().copied()));
            before -= left.len();
            leaves = right;
            is_whole = false;
        }
    }
    if !is_whole {
        proof.push(root(leaves.iter().copied()));
    }
    proof.reverse();
    Some(proof)
}

/// Whether the proof leads from the root of the first `before` leaves to the root of `after` leaves.
#[must_use]
pub fn verify_consistency(before: u64, before_root: &Hash, after: u64, after_root: &Hash, proof: &[Hash]) -> bool {
    if before == 0 || before > after {
        return false;
    }
    if before == after {
        return proof.is_empty() && before_root == after_root;
    }
    let mut steps = proof.iter();
    let first = if before.is_power_of_two() { Some(before_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let shift = (before - 1).trailing_ones();
    let (mut place, mut last) = ((before - 1) >> shift, (after - 1) >> shift);
    let (mut old, mut new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            (old, new) = (node(step, &old), node(step, &new));
            while place & 1 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            new = node(&new, step);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    last == 0 && old == *before_root && new == *after_root
}

/// The size of the left subtree: the largest power of two below `count`, which is at least 2.
fn split(count: usize) -> usize {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|number| [u8::try_from(number).unwrap(); 32]).collect()
    }

    #[test]
    fn every_leaf_is_proven_and_no_other() {
        for size in 1..34_usize {
            let leaves = leaves(size);
            let expected = root(leaves.iter().copied());
            for index in 0..size {
                let proof = inclusion_proof(&leaves, index).unwrap();
                let verify = |index: usize, size: usize, proof: &[Hash]| {
                    verify_inclusion(&leaves[index.min(leaves.len() - 1)], index as u64, size as u64, proof, &expected)
                };
                assert!(verify(index, size, &proof), "{index} of {size}");
                assert!(!verify_inclusion(&[0xff; 32], index as u64, size as u64, &proof, &expected), "{index} of {size}");
                assert!(!verify_inclusion(&leaves[index], index as u64 + 1, size as u64, &proof, &expected), "{index} of {size}");
                let longer = [proof.clone(), vec![[7; 32]]].concat();
                assert!(!verify(index, size, &longer), "{index} of {size}");
                if !proof.is_empty() {
                    assert!(!verify(index, size, &proof[1..]), "{index} of {size}");
                }
            }
            assert_eq!(inclusion_proof(&leaves, size), None);
        }
    }

    #[test]
    fn a_tree_that_grew_is_consistent_and_a_changed_one_is_not() {
        for after in 1..34_usize {
            let all = leaves(after);
            let after_root = root(all.iter().copied());
            for before in 1..=after {
                let before_root = root(all[..before].iter().copied());
                let proof = consistency_proof(&all, before).unwrap();
                let verify = |old: &Hash, new: &Hash, proof: &[Hash]| verify_consistency(before as u64, old, after as u64, new, proof);
                assert!(verify(&before_root, &after_root, &proof), "{before} to {after}");
                assert!(!verify(&[9; 32], &after_root, &proof), "{before} to {after}");
                assert!(!verify(&before_root, &[9; 32], &proof), "{before} to {after}");
                for place in 0..proof.len() {
                    let mut wrong = proof.clone();
                    wrong[place][3] ^= 1;
                    assert!(!verify(&before_root, &after_root, &wrong), "{before} to {after}");
                    wrong.remove(place);
                    assert!(!verify(&before_root, &after_root, &wrong), "{before} to {after}");
                }
            }
            assert_eq!((consistency_proof(&all, 0), consistency_proof(&all, after + 1)), (None, None));
        }
    }
}
