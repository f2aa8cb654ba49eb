//! The words that keys are found by.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ApiKey;
use crate::commit::Commit;
use crate::owner::Owner;
use crate::record::{Class, Column, Row, Table, Value};

/// Where they are kept: a word's beginning finds the keys by the primary key.
pub static TABLE: Table =
    Table { name: "api_key_word", columns: &[Column::text("word"), Column::bytes("key")], key: 2, indexes: &[], class: Class::Authority };

const WORDS_MAX: usize = 32;
const WORDS_OF_NOTE: usize = 16;
const WORD_CHARACTERS: usize = 32;

/// The words of a key: of its name, its owner, the first of its note, and of its metadata, in small letters.
#[must_use]
pub fn words(key: &ApiKey) -> BTreeSet<Arc<str>> {
    let of_note = split(key.note.as_deref().unwrap_or_default()).take(WORDS_OF_NOTE);
    let of_metadata = key.metadata.iter().flat_map(|(name, text)| split(name).chain(split(text)));
    split(&key.name).chain(split(of_owner(&key.owner))).chain(of_note).chain(of_metadata).take(WORDS_MAX).collect()
}

/// What an owner is found by: one outside by all of it, one of ours by what its id does not share with others.
fn of_owner(owner: &Owner) -> &str {
    let id = match owner {
        Owner::External(name) => return name,
        Owner::Client(client) => client.as_str(),
        Owner::Person(person) => person.as_str(),
        Owner::Group(group) => group.as_str(),
    };
    id.rsplit_once('_').map_or(id, |(_, own)| own)
}

/// The words of a text, as they are looked for.
pub fn split(text: &str) -> impl Iterator<Item = Arc<str>> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.chars().flat_map(char::to_lowercase).take(WORD_CHARACTERS).collect::<String>().into())
}

/// Keeps the words of a key as it is from now on; `None` is before it was there, or after it is gone.
pub(super) fn keep(mut commit: Commit, before: Option<&ApiKey>, after: Option<&ApiKey>) -> Commit {
    let Some(id) = after.or(before).map(|key| key.id) else { return commit };
    let [old, new] = [before, after].map(|key| key.map(words).unwrap_or_default());
    let row = |word: &Arc<str>| -> Row { vec![Value::Text(word.clone()), Value::Id(id.0)] };
    for word in old.difference(&new) {
        commit = commit.delete(&TABLE, row(word));
    }
    for word in new.difference(&old) {
        commit = commit.put(&TABLE, row(word));
    }
    commit
}
