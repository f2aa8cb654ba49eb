//! The secrets that a client has proven itself with, so that the next request need not pay for the whole proof.

use std::sync::OnceLock;

use jeton_core::client::secret::LIVE_MAX;
use jeton_core::id::SecretId;

use crate::text_digest::TextDigest;

/// Which texts are which of a client's secrets: as many as can live at a time, so that in an overlap the new one is as quick as the old.
///
/// It holds for one state of the client and its secrets, which are looked at again each time. The root key's epochs are not: none leaves
/// or changes while the process runs (`Service::rotate_root_key`), and the memory ends with it.
#[derive(Clone, Default)]
pub(crate) struct SeenSecrets([OnceLock<(TextDigest, SecretId)>; LIVE_MAX]);

impl SeenSecrets {
    /// The secret whose text was seen.
    pub(crate) fn get(&self, text: &TextDigest) -> Option<&SecretId> {
        self.0.iter().filter_map(OnceLock::get).find_map(|(seen, id)| seen.matches(text).then_some(id))
    }

    /// Notes a secret that was proven; forgets it where there is no room.
    pub(crate) fn note(&self, text: TextDigest, secret: &SecretId) {
        // Another request may have been faster.
        let mut places = self.0.iter();
        while self.get(&text).is_none()
            && let Some(place) = places.next()
        {
            let _ = place.set((text, secret.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_secrets_of_an_overlap_are_known_again() {
        let seen = SeenSecrets::default();
        let [old, new, other] = ["old", "new", "other"].map(|text| TextDigest::of(text).unwrap());
        assert_eq!(seen.get(&old), None);
        for (text, secret) in [(&old, "secret_1"), (&old, "secret_1"), (&new, "secret_2")] {
            seen.note(*text, &SecretId::from(secret));
        }
        assert_eq!(seen.get(&old), Some(&SecretId::from("secret_1")));
        assert_eq!(seen.get(&new), Some(&SecretId::from("secret_2")));
        seen.note(other, &SecretId::from("secret_3"));
        assert_eq!(seen.get(&other), None, "no more than can live at a time");
    }
}
