//! When what was suspended was last resumed: until then nobody could use what belongs to it, and nothing of it was idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jeton_verify::negatives::Subject;
use papaya::HashMap;

use super::subject_image::{self, KINDS};

/// For each subject that was ever resumed, when it last was, in seconds.
#[derive(Default)]
pub(super) struct Resumed {
    subjects: [HashMap<Arc<str>, i64>; KINDS.len()],
    /// Whether any was: until then nobody looks.
    has_any: AtomicBool,
}

impl Resumed {
    /// A subject was resumed.
    pub(super) fn note(&self, subject: Subject, name: &Arc<str>, at_seconds: i64) {
        if let Some(names) = self.names(subject) {
            names.pin().update_or_insert(name.clone(), |before| *before.max(&at_seconds), at_seconds);
            self.has_any.store(true, Ordering::Release);
        }
    }

    /// When a subject was last resumed, in seconds; the earliest time there is where it never was.
    pub(super) fn last(&self, subject: Subject, name: &str) -> i64 {
        if !self.has_any.load(Ordering::Acquire) {
            return i64::MIN;
        }
        self.names(subject).and_then(|names| names.pin().get(name).copied()).unwrap_or(i64::MIN)
    }

    /// As bytes, for a process that goes on where this one ends.
    pub(super) fn to_image(&self) -> Vec<u8> {
        let mut image = vec![];
        for (subject, names) in KINDS.iter().zip(&self.subjects) {
            for (name, at_seconds) in &names.pin() {
                subject_image::write(&mut image, *subject, name, at_seconds.to_be_bytes());
            }
        }
        image
    }

    /// Takes up an image. `None`, and nothing is taken up, where it is none.
    pub(super) fn take_image(&self, image: &[u8]) -> Option<()> {
        for (subject, name, at_seconds) in subject_image::read(image)? {
            self.note(subject, &name, i64::from_be_bytes(at_seconds));
        }
        Some(())
    }

    fn names(&self, subject: Subject) -> Option<&HashMap<Arc<str>, i64>> {
        let place = KINDS.iter().position(|kind| *kind == subject)?;
        self.subjects.get(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_resumption_counts_and_goes_on_in_an_image() {
        let resumed = Resumed::default();
        assert_eq!((resumed.last(Subject::Client, "c"), resumed.to_image()), (i64::MIN, vec![]));
        for (subject, name, at) in
            [(Subject::Client, "c", 7), (Subject::Client, "c", 5), (Subject::Api, "https://é", -3), (Subject::Group, "", 9)]
        {
            resumed.note(subject, &Arc::from(name), at);
        }
        resumed.note(Subject::Everything, &Arc::from(""), 9);
        let image = resumed.to_image();
        let again = Resumed::default();
        again.take_image(&image).unwrap();
        for known in [&resumed, &again] {
            for (subject, name, expected) in [
                (Subject::Client, "c", 7),
                (Subject::Client, "d", i64::MIN),
                (Subject::User, "c", i64::MIN),
                (Subject::Api, "https://é", -3),
                (Subject::Group, "", 9),
                (Subject::Everything, "", i64::MIN),
            ] {
                assert_eq!(known.last(subject, name), expected, "{subject:?} {name}");
            }
        }
        let mut unknown = image.clone();
        unknown[0] = 7;
        for wrong in [&image[..image.len() - 1], &image[1..], &unknown, &[0, 255, 255, 255, 255]] {
            let empty = Resumed::default();
            assert_eq!((empty.take_image(wrong), empty.to_image()), (None, vec![]), "{wrong:?}");
        }
    }
}
