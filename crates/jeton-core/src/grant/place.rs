//! Where a refresh token stands in its family.

use super::family::Family;

/// Where a refresh token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is the current one.
    Current,
    /// It is, and so many were spent within the window that the next would be remembered at the cost of one that may still be repeated.
    CurrentOfMany,
    /// It was spent within the window: its request is repeated, or another one of the same application was faster.
    Within,
    /// The current one came out of it, nobody has used that, and the window is over.
    Predecessor,
    /// It was spent before.
    Reused,
    /// It was made here, and the family knows nothing of it.
    Ahead,
}

/// Where the token of this number stands at a time. Of one that is older than what is remembered the window is over: a family does not rotate
/// while it would forget one of which it is not.
#[must_use]
pub fn place(family: &Family, generation: u32, window_seconds: i64, at: i64) -> Place {
    let Some(before) = family.generation.checked_sub(generation) else { return Place::Ahead };
    let Some(place) = before.checked_sub(1) else {
        return if family.spent.is_full(window_seconds, at) { Place::CurrentOfMany } else { Place::Current };
    };
    let spent = usize::try_from(place).ok().and_then(|place| family.spent.at(place));
    match spent {
        Some(spent) if spent.saturating_add(window_seconds) > at => Place::Within,
        _ if place == 0 => Place::Predecessor,
        _ => Place::Reused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::family::Spent;
    use crate::grant::fingerprint::Fingerprint;
    use crate::id::CredentialId;
    use crate::sender::Sender;

    /// A family of which the generations from 1 on were spent at these seconds.
    fn family(spent: &[i64]) -> Family {
        Family {
            generation: 1 + u32::try_from(spent.len()).unwrap(),
            epoch: 1,
            salt: [0; 32],
            spent: spent.iter().fold(Spent::default(), |ring, at| ring.with(*at)),
            token: CredentialId([0; 16]),
            fingerprint: Fingerprint([0; 16]),
            rotated_at: spent.last().copied().unwrap_or(1),
            recovered_at: None,
            sender: Sender::default(),
        }
    }

    #[track_caller]
    fn check(spent: &[i64], generation: u32, window_seconds: i64, at: i64, expected: Place) {
        assert_eq!(place(&family(spent), generation, window_seconds, at), expected);
    }

    #[test]
    fn each_generation_stands_somewhere() {
        check(&[], 1, 30, 5, Place::Current);
        check(&[], 2, 30, 5, Place::Ahead);
        check(&[100], 2, 30, 100, Place::Current);
        check(&[100], 1, 30, 100, Place::Within);
        check(&[100], 1, 30, 129, Place::Within);
        check(&[100], 1, 30, 130, Place::Predecessor);
        check(&[100], 1, 0, 100, Place::Predecessor);
        check(&[100, 120], 1, 30, 129, Place::Within);
        check(&[100, 120], 1, 30, 130, Place::Reused);
        check(&[100, 120], 2, 30, 149, Place::Within);
        check(&[100, 120], 2, 30, 150, Place::Predecessor);
        check(&[100, 120], 4, 30, 150, Place::Ahead);
        // Eight within one window; and the ninth is forgotten by then.
        let many = [100; 8];
        check(&many, 9, 30, 129, Place::CurrentOfMany);
        check(&many, 1, 30, 129, Place::Within);
        check(&many, 9, 30, 130, Place::Current);
        check(&[&many[..], &[130]].concat(), 1, 30, 131, Place::Reused);
        check(&[&many[..], &[130]].concat(), 10, 300, 131, Place::CurrentOfMany);
        check(&[&many[..], &[130]].concat(), 0, 30, 131, Place::Reused);
    }

    /// Every family that turns at most once a second, as long as nothing is forgotten too early: what was spent is never taken for current,
    /// what is within the window never for reused.
    #[test]
    fn nothing_within_the_window_is_taken_for_reused() {
        for window_seconds in 0..5_i64 {
            for turns in 0..1_u32 << 12 {
                let (mut spent, mut known) = (Vec::new(), family(&[]));
                for at in 1..=12_i64 {
                    let turned = turns & (1 << (at - 1)) != 0 && place(&known, known.generation, window_seconds, at) == Place::Current;
                    if turned {
                        spent.push(at);
                        known = family(&spent);
                    }
                    for (before, spent_at) in (1..).zip(&spent) {
                        let found = place(&known, before, window_seconds, at);
                        let is_within = spent_at + window_seconds > at;
                        assert_eq!(found == Place::Within, is_within, "{spent:?} {before} at {at}");
                        assert!(matches!(found, Place::Within | Place::Predecessor | Place::Reused));
                    }
                }
            }
        }
    }
}
