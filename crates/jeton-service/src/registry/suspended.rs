//! Since when what is suspended is, and which entry of the ledger tells it.

use std::sync::Arc;

use jeton_core::commit::Sequence;
use jeton_verify::negatives::Subject;
use papaya::HashMap;

use super::subject_image;

/// Since when something is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// When it was, in seconds.
    pub at_seconds: i64,
    /// What wrote it: the entries of this commit say who did it, and why.
    pub version: Sequence,
}

/// Every subject that is suspended now, by the place of its kind and its name.
#[derive(Default)]
pub(super) struct Suspended(HashMap<(u8, Arc<str>), Since>);

impl Suspended {
    /// A subject was suspended.
    pub(super) fn note(&self, subject: Subject, name: &Arc<str>, since: Since) {
        if let Some(place) = subject_image::place(subject) {
            self.0.pin().insert((place, name.clone()), since);
        }
    }

    /// A subject was resumed.
    pub(super) fn forget(&self, subject: Subject, name: &Arc<str>) {
        if let Some(place) = subject_image::place(subject) {
            self.0.pin().remove(&(place, name.clone()));
        }
    }

    /// Since when a subject is suspended; `None`: it is not.
    pub(super) fn since(&self, subject: Subject, name: &Arc<str>) -> Option<Since> {
        self.0.pin().get(&(subject_image::place(subject)?, name.clone())).copied()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(Subject, Arc<str>, Since)> {
        let kind = |place: u8| subject_image::KINDS.get(usize::from(place)).copied();
        self.0.pin().iter().filter_map(|((place, name), since)| Some((kind(*place)?, name.clone(), *since))).collect()
    }

    /// As bytes, for a process that goes on where this one ends.
    pub(super) fn to_image(&self) -> Vec<u8> {
        let mut image = vec![];
        for (subject, name, since) in self.all() {
            let known = u128::from(since.version) | u128::from(since.at_seconds.cast_unsigned()) << 64;
            subject_image::write(&mut image, subject, &name, known.to_be_bytes());
        }
        image
    }

    /// Takes up an image. `None`, and nothing is taken up, where it is none.
    pub(super) fn take_image(&self, image: &[u8]) -> Option<()> {
        for (subject, name, known) in subject_image::read(image)? {
            let known = u128::from_be_bytes(known);
            let (at_seconds, version) = (u64::try_from(known >> 64).ok()?.cast_signed(), u64::try_from(known & u128::from(u64::MAX)).ok()?);
            self.note(subject, &name, Since { at_seconds, version });
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_suspended_goes_on_in_an_image_until_it_is_resumed() {
        let (suspended, client) = (Suspended::default(), Arc::<str>::from("c"));
        assert_eq!((suspended.since(Subject::Client, &client), suspended.to_image()), (None, vec![]));
        let since = Since { at_seconds: -7, version: u64::MAX };
        suspended.note(Subject::Client, &client, since);
        suspended.note(Subject::Everything, &client, since);
        let (image, again) = (suspended.to_image(), Suspended::default());
        again.take_image(&image).unwrap();
        for known in [&suspended, &again] {
            assert_eq!(known.since(Subject::Client, &client), Some(since));
            assert_eq!(known.all(), [(Subject::Client, client.clone(), since)]);
            assert_eq!(known.since(Subject::User, &client), None);
            assert_eq!(known.since(Subject::Client, &Arc::from("d")), None);
            assert_eq!(known.since(Subject::Everything, &client), None);
        }
        assert_eq!(Suspended::default().take_image(&image[1..]), None);
        again.forget(Subject::Client, &client);
        assert_eq!((again.since(Subject::Client, &client), again.to_image()), (None, vec![]));
    }
}
