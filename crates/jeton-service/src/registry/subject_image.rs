//! What is known of subjects, as bytes: of each the place of its kind in a byte, the length of its name in 4 bytes, the name, and what is known
//! of it; integers are big-endian.

use std::sync::Arc;

use jeton_verify::negatives::Subject;

/// Those that can be suspended, in the order of their places; an image knows them by these.
pub(super) const KINDS: [Subject; 7] =
    [Subject::Client, Subject::User, Subject::Session, Subject::Family, Subject::Api, Subject::Key, Subject::Group];

/// A subject, its name, and what is known of it.
type Known<const N: usize> = (Subject, Arc<str>, [u8; N]);

/// The place of a kind; everything has none.
pub(super) fn place(subject: Subject) -> Option<u8> {
    (0_u8..).zip(KINDS).find_map(|(place, kind)| (kind == subject).then_some(place))
}

/// Writes what is known of one subject.
pub(super) fn write<const N: usize>(image: &mut Vec<u8>, subject: Subject, name: &str, known: [u8; N]) {
    let (Some(place), Ok(length)) = (place(subject), u32::try_from(name.len())) else { return };
    image.push(place);
    image.extend_from_slice(&length.to_be_bytes());
    image.extend_from_slice(name.as_bytes());
    image.extend_from_slice(&known);
}

/// What is known of each. `None`: it is no such image.
pub(super) fn read<const N: usize>(mut image: &[u8]) -> Option<Vec<Known<N>>> {
    let mut all = vec![];
    while let Some((place, rest)) = image.split_first() {
        let (length, rest) = rest.split_first_chunk()?;
        let (name, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let (known, rest) = rest.split_first_chunk()?;
        let name = Arc::<str>::from(std::str::from_utf8(name).ok()?);
        all.push((*KINDS.get(usize::from(*place))?, name, *known));
        image = rest;
    }
    Some(all)
}
