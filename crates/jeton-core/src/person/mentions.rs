//! Which entries of the ledger tell of a person: what they are called, where they are written to, and what somebody wrote of them in their own
//! words. An entry that names only their random id stays: once their row is gone, the id says nothing of anybody.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Person;
use super::wordless::are_words;
use crate::id::{ApiKeyId, PersonId};

/// What is looked for. Entries are shown in their order: a key's first entry says whose it is.
#[derive(Clone, Debug)]
pub struct Mentions {
    id: String,
    owner: String,
    /// Small letters: what an entry may not say any more.
    texts: Vec<String>,
    /// The ids of keys that are theirs, or were.
    keys: BTreeSet<String>,
}

/// How many keys of one person are remembered while the ledger is read.
const KEYS_MAX: usize = 100_000;

impl Mentions {
    /// What tells of this person.
    #[must_use]
    pub fn of(person: &Person) -> Mentions {
        let texts = [Some(&person.username), person.name.as_ref(), person.email.as_ref()];
        Mentions {
            id: person.id.to_string(),
            owner: format!("user:{}", person.id),
            texts: texts.into_iter().flatten().map(|text| text.to_lowercase()).collect(),
            keys: BTreeSet::new(),
        }
    }

    /// The same of somebody of whom nothing is left but the id: only which keys were theirs is still told.
    #[must_use]
    pub fn of_erased(person: &PersonId) -> Mentions {
        Mentions { id: person.to_string(), owner: format!("user:{person}"), texts: Vec::new(), keys: BTreeSet::new() }
    }

    /// The keys that are theirs, or were, as far as entries told so.
    #[must_use]
    pub fn keys(&self) -> BTreeSet<ApiKeyId> {
        self.keys.iter().filter_map(|key| ApiKeyId::parse(key)).collect()
    }

    /// Whether an entry of this kind and payload tells of them.
    pub fn are_in(&mut self, kind: &str, payload: &[u8]) -> bool {
        let Ok(Value::Object(members)) = serde_json::from_slice(payload) else { return false };
        let member = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_theirs = [member("owner"), member("to"), member("from")].contains(&&*self.owner);
        let key = [member("key"), member("credential")].into_iter().find(|id| !id.is_empty());
        if let Some(key) = key.filter(|_| is_theirs && self.keys.len() < KEYS_MAX) {
            self.keys.insert(key.to_owned());
        }
        if matches!(kind, "user.created" | "user.updated") && member("user") == self.id {
            // What they were called before is looked for too.
            self.texts.extend(members.get("username").and_then(Value::as_str).map(str::to_lowercase));
            return true;
        }
        let is_about_them =
            is_theirs || (member("subject") == "user" && member("name") == self.id) || key.is_some_and(|key| self.keys.contains(key));
        let words = |name: &str| Some(member(name)).filter(|text| are_words(text));
        let written: Vec<&str> = ["why", "reason"].into_iter().filter_map(words).collect();
        let owner = Some(member("owner")).filter(|owner| !["user:", "group:", "client:"].iter().any(|kind| owner.starts_with(kind)));
        (is_about_them && !written.is_empty()) || written.into_iter().chain(owner).any(|text| self.names_them(text))
    }

    /// Whether a key of this id is theirs, or was, as far as entries told so.
    #[must_use]
    pub fn have_key(&self, id: &str) -> bool {
        self.keys.contains(id)
    }

    /// Whether a text has one of theirs in it, as words of their own.
    #[must_use]
    pub fn names_them(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.texts.iter().any(|theirs| {
            text.match_indices(theirs.as_str()).any(|(place, found)| {
                let before = text.get(..place).and_then(|before| before.chars().next_back());
                let after = text.get(place + found.len()..).and_then(|after| after.chars().next());
                ![before, after].into_iter().flatten().any(char::is_alphanumeric)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::person::State;

    fn mentions() -> Mentions {
        Mentions::of(&Person {
            id: PersonId::from("user_1"),
            username: Arc::from("ada"),
            name: Some(Arc::from("Ada Müller")),
            email: Some(Arc::from("ada@example.org")),
            state: State::Active,
            created_at: 0,
            updated_at: 0,
            email_verified_at: None,
            locale: None,
            attributes: Default::default(),
        })
    }

    #[track_caller]
    fn check(kind: &str, payload: &str, expected: bool) {
        assert_eq!(mentions().are_in(kind, payload.as_bytes()), expected, "{kind} {payload}");
    }

    #[test]
    fn what_they_are_called_tells_of_them_and_their_id_does_not() {
        check("user.created", r#"{"actor":"unix:0","user":"user_1","username":"ada"}"#, true);
        check("user.created", r#"{"actor":"unix:0","user":"user_2","username":"ada2"}"#, false);
        check("user.updated", r#"{"actor":"unix:0","changed":"email","user":"user_1"}"#, true);
        check("user.disabled", r#"{"actor":"unix:0","user":"user_1"}"#, false);
        check("membership.added", r#"{"actor":"user:user_1","group":"g","user":"user_1"}"#, false);
        check("role.created", r#"{"actor":"unix:0","api":"a","name":"ada","role":"r","scopes":""}"#, false);
        check("api_key.created", r#"{"actor":"unix:0","key":"k1","owner":"user:user_1","scopes":"ada"}"#, false);
    }

    #[test]
    fn what_somebody_wrote_of_them_tells_of_them() {
        check("tokens.cut_off", r#"{"name":"user_1","subject":"user","why":"left in anger"}"#, true);
        check("tokens.cut_off", r#"{"name":"user_1","subject":"user","why":"leaked"}"#, false);
        check("tokens.cut_off", r#"{"name":"user_2","subject":"user","why":"left in anger"}"#, false);
        check("client_secret.ended", r#"{"client":"c","why":"given to ADA MÜLLER."}"#, true);
        check("client_secret.ended", r#"{"client":"c","why":"a canada matter"}"#, false);
        check("policy_exception.created", r#"{"credential":"s","owner":"ada@example.org","reason":"old"}"#, true);
        // The reason of an exception is longer than that of an end.
        let long = format!(r#"{{"credential":"s","owner":"ops","reason":"{} for ada"}}"#, "x".repeat(400));
        check("policy_exception.created", &long, true);
        check("credential.reported", r#"{"credential":"k","owner":"external:ada@example.org"}"#, true);
        check("credential.reported", r#"{"credential":"k","owner":"external:bob"}"#, false);
        check("credential.reported", r#"{"credential":"k","owner":"client:ada"}"#, false);
        check("token.revoked", "no json", false);
    }

    #[test]
    fn what_they_were_called_before_tells_of_them() {
        let mut mentions = mentions();
        let written = br#"{"client":"c","why":"lent to lovelace"}"#;
        assert!(!mentions.are_in("client_secret.ended", written));
        assert!(mentions.are_in("user.created", br#"{"user":"user_1","username":"lovelace"}"#));
        assert!(mentions.are_in("client_secret.ended", written));
    }

    #[test]
    fn what_somebody_wrote_of_their_keys_tells_of_them() {
        let mut mentions = mentions();
        let revoked = br#"{"key":"k1","why":"her telephone was stolen"}"#;
        assert!(!mentions.are_in("api_key.revoked", revoked));
        assert!(!mentions.are_in("api_key.created", br#"{"key":"k1","owner":"user:user_1"}"#));
        assert!(mentions.are_in("api_key.revoked", revoked));
        assert!(!mentions.are_in("api_key.revoked", br#"{"key":"k2","why":"her telephone was stolen"}"#));
        assert!(mentions.keys().is_empty(), "no id of a key");
        let key = ApiKeyId([7; 16]);
        let mut erased = Mentions::of_erased(&PersonId::from("user_1"));
        erased.are_in("api_key.created", format!(r#"{{"key":"{key}","owner":"user:user_1"}}"#).as_bytes());
        assert_eq!(erased.keys(), BTreeSet::from([key]));
    }
}
