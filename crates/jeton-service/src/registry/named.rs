//! Records that have an id and a name: what decides a request looks by id, without a lock; who administers looks by name too.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use jeton_core::record::Versioned;
use papaya::HashMap;

/// A record with an id and a name that no other of its kind has.
pub trait Record {
    /// Its id.
    fn id(&self) -> &Arc<str>;
    /// Its name; a list is in the order of names.
    fn name(&self) -> Arc<str>;
}

/// All records of a kind. One thread writes: the engine's, as groups become durable.
pub struct Named<T> {
    by_id: HashMap<Arc<str>, Arc<Versioned<T>>>,
    ids: RwLock<BTreeMap<Arc<str>, Arc<str>>>,
}

impl<T> Default for Named<T> {
    fn default() -> Named<T> {
        Named { by_id: HashMap::new(), ids: RwLock::default() }
    }
}

impl<T: Record> Named<T> {
    /// The one of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<Versioned<T>>> {
        self.by_id.pin().get(id).cloned()
    }

    /// The one of a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Arc<Versioned<T>>> {
        let id = self.ids.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()?;
        self.get(&id)
    }

    /// The first of those whose name comes after this one, in order; at most so many.
    #[must_use]
    pub fn after(&self, name: Option<&str>, limit: usize) -> Vec<Arc<Versioned<T>>> {
        let from = name.map_or(Bound::Unbounded, Bound::Excluded);
        let ids: Vec<Arc<str>> = {
            let ids = self.ids.read().unwrap_or_else(PoisonError::into_inner);
            ids.range::<str, _>((from, Bound::Unbounded)).take(limit).map(|(_, id)| id.clone()).collect()
        };
        let by_id = self.by_id.pin();
        ids.iter().filter_map(|id| by_id.get(id).cloned()).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn put(&self, record: Versioned<T>) {
        let (id, name) = (record.record.id().clone(), record.record.name());
        let before = self.get(&id).map(|before| before.record.name()).filter(|before| *before != name);
        self.by_id.pin().insert(id.clone(), Arc::new(record));
        let mut ids = self.ids.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = before {
            ids.remove(&before);
        }
        ids.insert(name, id);
    }

    pub(super) fn remove(&self, id: &str) {
        let Some(gone) = self.get(id) else { return };
        self.ids.write().unwrap_or_else(PoisonError::into_inner).remove(&gone.record.name());
        self.by_id.pin().remove(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(Arc<str>, Arc<str>);

    impl Record for Thing {
        fn id(&self) -> &Arc<str> {
            &self.0
        }

        fn name(&self) -> Arc<str> {
            self.1.clone()
        }
    }

    #[test]
    fn a_name_leads_to_its_bearer_and_to_nobody_once_it_is_given_up() {
        let things = Named::default();
        let put = |id: &str, name: &str| things.put(Versioned { version: 1, record: Thing(id.into(), name.into()) });
        for (id, name) in [("1", "b"), ("2", "a"), ("3", "c")] {
            put(id, name);
        }
        let after = |name: Option<&str>, limit| -> Vec<String> {
            things.after(name, limit).iter().map(|thing| format!("{}{}", thing.record.1, thing.record.0)).collect()
        };
        assert_eq!(after(None, 9), ["a2", "b1", "c3"]);
        assert_eq!(
            (after(Some("a"), 1), after(Some("aa"), 9), after(Some("c"), 9)),
            (vec!["b1".into()], vec!["b1".into(), "c3".into()], vec![])
        );
        put("1", "d");
        assert!(things.named("b").is_none());
        assert_eq!(
            (after(None, 9), things.named("d").unwrap().record.id().to_string()),
            (vec!["a2".into(), "c3".into(), "d1".into()], "1".into())
        );
        things.remove("2");
        things.remove("9");
        assert_eq!((after(None, 9).len(), things.count(), things.named("a").is_none(), things.get("2").is_none()), (2, 2, true, true));
    }
}
