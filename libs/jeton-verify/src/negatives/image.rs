//! An image of negatives: what they say, as bytes, for a process that goes on where another one ended.
//!
//! Version 1: a byte 1; the number of tokens in 8 bytes, then for each its id and its state in 8 bytes; then, up to the end, what is said of
//! names: what it is in a byte, the name's length in 4 bytes, the name, and three numbers of 8 bytes. Integers are big-endian.
//!
//! It has no checksum. Whoever keeps it sees to it that what is taken up is what was written, and when.

use std::sync::atomic::Ordering;

use super::token_states::{TokenState, pack, unpack};
use super::{CutOff, Negatives, Subject};

const VERSION: u8 = 1;

const LIFETIME: u8 = 1;
const KEY: u8 = 2;
/// Cut-offs have numbers of their own by subject.
const CUT_OFFS: [(u8, Subject); 8] = [
    (10, Subject::Everything),
    (11, Subject::Client),
    (12, Subject::Api),
    (13, Subject::User),
    (14, Subject::Session),
    (15, Subject::Family),
    (16, Subject::Key),
    (17, Subject::Group),
];
/// Whether a subject is suspended has the number of its cut-offs and this more; the first number is 1 where it is, or 0.
const SUSPENDED: u8 = 10;

/// The bytes of a token: its id and its state.
const TOKEN_BYTES: usize = 24;

impl Negatives {
    /// What they say now, as bytes.
    #[must_use]
    pub fn to_image(&self) -> Vec<u8> {
        let (mut tokens, mut count) = (Vec::with_capacity(self.tokens() * TOKEN_BYTES), 0_u64);
        self.tokens.for_each(|token, state| {
            tokens.extend_from_slice(&token);
            tokens.extend_from_slice(&pack(state).to_be_bytes());
            count += 1;
        });
        let mut image = Vec::with_capacity(tokens.len() + 4_096);
        image.push(VERSION);
        image.extend_from_slice(&count.to_be_bytes());
        image.append(&mut tokens);
        self.keys.pin().iter().for_each(|(key, until)| put(&mut image, KEY, key, [*until, 0, 0]));
        for (audience, limits) in &self.lifetimes.pin() {
            limits.iter().for_each(|limit| put(&mut image, LIFETIME, audience, [limit.seconds, limit.before, limit.until]));
        }
        for (number, subject) in CUT_OFFS {
            if subject == Subject::Everything {
                put(&mut image, number, "", [self.everything_before.load(Ordering::Acquire), 0, 0]);
            } else if let Some(names) = self.cut_offs.get(subject.place()) {
                names.pin().iter().for_each(|(name, CutOff { before, until })| put(&mut image, number, name, [*before, *until, 0]));
            }
            if subject != Subject::Everything
                && let Some(names) = self.suspended.get(subject.place())
            {
                names.pin().iter().for_each(|(name, is)| put(&mut image, number + SUSPENDED, name, [i64::from(*is), 0, 0]));
            }
        }
        image
    }

    /// Takes up an image: for negatives that say nothing yet. `None`, and nothing is taken up, where it is not one of this version.
    pub fn take_image(&self, image: &[u8]) -> Option<()> {
        let mut rest = image.strip_prefix(&[VERSION])?;
        let length = usize::try_from(u64::from_be_bytes(take(&mut rest)?)).ok()?.checked_mul(TOKEN_BYTES)?;
        let (tokens, mut rest) = rest.split_at_checked(length)?;
        let tokens = tokens.as_chunks::<TOKEN_BYTES>().0;
        let mut names = Vec::new();
        if tokens.iter().any(|bytes| token(bytes).is_none()) {
            return None;
        }
        while !rest.is_empty() {
            names.push(named(&mut rest)?);
        }
        self.tokens.fill(tokens.len(), tokens.iter().filter_map(token));
        for (said, name, [first, second, third]) in names {
            match said {
                Said::Key => self.revoke_key(name, first),
                Said::Lifetime => self.limit_lifetime(name, first, second, third),
                Said::CutOff(subject) => self.cut_off(subject, name, first, second),
                Said::Suspended(subject) => self.note_suspension(subject, name, first != 0),
            }
        }
        Some(())
    }
}

enum Said {
    Key,
    Lifetime,
    CutOff(Subject),
    Suspended(Subject),
}

fn put(image: &mut Vec<u8>, said: u8, name: &str, numbers: [i64; 3]) {
    // A name longer than 4 GiB was refused long before.
    let Ok(length) = u32::try_from(name.len()) else { return };
    image.push(said);
    image.extend_from_slice(&length.to_be_bytes());
    image.extend_from_slice(name.as_bytes());
    numbers.iter().for_each(|number| image.extend_from_slice(&number.to_be_bytes()));
}

fn subject_of(number: u8) -> Option<Subject> {
    CUT_OFFS.iter().find_map(|(of, subject)| (*of == number).then_some(*subject))
}

fn token(bytes: &[u8; TOKEN_BYTES]) -> Option<([u8; 16], TokenState)> {
    let (id, state) = bytes.split_first_chunk::<16>()?;
    Some((*id, unpack(u64::from_be_bytes(state.try_into().ok()?))?))
}

fn named<'a>(rest: &mut &'a [u8]) -> Option<(Said, &'a str, [i64; 3])> {
    let [number] = take(rest)?;
    let said = match number {
        KEY => Said::Key,
        LIFETIME => Said::Lifetime,
        20..=29 => Said::Suspended(subject_of(number - SUSPENDED)?),
        number => Said::CutOff(subject_of(number)?),
    };
    let length = usize::try_from(u32::from_be_bytes(take(rest)?)).ok()?;
    let (name, after) = rest.split_at_checked(length)?;
    *rest = after;
    let mut numbers = [0; 3];
    for number in &mut numbers {
        *number = i64::from_be_bytes(take(rest)?);
    }
    Some((said, std::str::from_utf8(name).ok()?, numbers))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::negatives::{Described, Judgement};

    fn telling() -> Negatives {
        let negatives = Negatives::default();
        negatives.revoke([1; 16], 900);
        negatives.suspend([2; 16], 800);
        negatives.suspend([3; 16], i64::MAX);
        negatives.resume([3; 16], 700);
        negatives.revoke_key("k", 900);
        negatives.limit_lifetime("a", 60, 120, 900);
        negatives.limit_lifetime("a", 90, 140, 900);
        for (place, (_, subject)) in CUT_OFFS.iter().enumerate() {
            negatives.cut_off(*subject, &format!("naïve {place}"), 10 + i64::try_from(place).unwrap(), 900);
        }
        negatives.suspend_subject(Subject::Client, "c1");
        negatives.suspend_subject(Subject::Group, "g1");
        negatives.resume_subject(Subject::Group, "g1");
        negatives
    }

    /// All that is said, in an order of its own.
    fn said(negatives: &Negatives) -> Vec<String> {
        let mut said = vec![format!("{:?}", negatives.everything_before)];
        negatives.tokens.for_each(|token, state| said.push(format!("{token:?} {state:?}")));
        said.extend(negatives.keys.pin().iter().map(|key| format!("{key:?}")));
        said.extend(negatives.lifetimes.pin().iter().map(|lifetime| format!("{lifetime:?}")));
        said.extend(negatives.cut_offs.iter().enumerate().flat_map(|(place, names)| {
            let names: Vec<_> = names.pin().iter().map(|name| format!("{place} {name:?}")).collect();
            names
        }));
        said.extend(negatives.suspended.iter().enumerate().flat_map(|(place, names)| {
            let names: Vec<_> = names.pin().iter().map(|name| format!("suspended {place} {name:?}")).collect();
            names
        }));
        said.sort();
        said
    }

    #[test]
    fn what_is_taken_up_says_the_same() {
        for negatives in [Negatives::default(), telling()] {
            let again = Negatives::default();
            again.take_image(&negatives.to_image()).unwrap();
            assert_eq!(said(&again), said(&negatives));
        }
        let again = Negatives::default();
        again.take_image(&telling().to_image()).unwrap();
        let token = |byte| Described { token: [byte; 16], issued_at: 100, audience: "b", client: "c", ..Described::default() };
        for (byte, expected) in [(1, Judgement::Revoked), (2, Judgement::Suspended), (3, Judgement::Accepted), (4, Judgement::Accepted)] {
            assert_eq!(again.judge(&token(byte), 150), expected, "{byte}");
        }
    }

    #[test]
    fn what_is_not_whole_is_not_taken_up() {
        let image = telling().to_image();
        let untouched = said(&Negatives::default());
        let check = |image: &[u8], taken: bool, what: &str| {
            let negatives = Negatives::default();
            assert_eq!(negatives.take_image(image).is_some(), taken, "{what}");
            assert!(taken || said(&negatives) == untouched, "{what}");
        };
        let whole: Vec<usize> = {
            // Where one statement about a name ends, an image may end.
            let (mut rest, mut ends) = (&image[9 + 3 * TOKEN_BYTES..], vec![]);
            while !rest.is_empty() {
                ends.push(image.len() - rest.len());
                named(&mut rest).unwrap();
            }
            ends
        };
        for cut in 0..image.len() {
            check(&image[..cut], whole.contains(&cut), &format!("cut to {cut}"));
        }
        check(&[image.as_slice(), &[0]].concat(), false, "more than there is");
        check(&[&[VERSION + 1], &image[1..]].concat(), false, "another version");
        check(&[&[VERSION], [255; 8].as_slice(), &image[9..]].concat(), false, "more tokens than bytes");
    }
}
