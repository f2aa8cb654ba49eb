//! Long lists, page by page: each page says where the next one begins, and only for the list that it is of.

use http::Uri;
use jeton_core::cursor::{self, Binding, CursorError};
use jeton_core::moment::Time;
use jeton_service::Service;
use schemars::JsonSchema;
use serde::Serialize;

use super::parameter::OF_PAGE;
use super::problem::{Problem, ProblemKind};
use super::query::Query;
use super::sought::Sought;

/// The most items of a page, and how many there are when nobody says.
const ITEMS_MAX: usize = 1_000;
const ITEMS: usize = 100;

/// How many are looked at for a page of what is sought, so that no page costs more however few there are.
const LOOKED_AT: usize = 2_000;

/// One page of a list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "{T}Page")]
pub(super) struct Page<T> {
    /// The items, in the order of the list.
    items: Vec<T>,
    /// The `cursor` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T, E> Page<Result<T, E>> {
    /// The page, where each of its items could be read.
    pub(super) fn read(self) -> Result<Page<T>, Problem>
    where
        Problem: From<E>,
    {
        let items = self.items.into_iter().collect::<Result<_, E>>()?;
        Ok(Page { items, next: self.next })
    }
}

/// What a request asks of a list: which filters, where it goes on, and how many.
pub(super) struct Listing<'a> {
    query: Query<'a>,
    service: &'a Service,
    binding: Binding,
    now: Time,
    after: Option<String>,
    limit: usize,
}

impl<'a> Listing<'a> {
    /// Reads the query of a list: whatever says neither where nor how many is a filter.
    pub(super) fn parse(uri: &'a Uri, service: &'a Service) -> Result<Listing<'a>, Problem> {
        let query = Query::parse(uri)?;
        let limit = query.number("limit")?.map_or(ITEMS, |limit| usize::try_from(limit).unwrap_or(ITEMS_MAX).clamp(1, ITEMS_MAX));
        // The same list, whether or not a listener cut the beginning off.
        let path = uri.path().strip_prefix("/api/v1").unwrap_or(uri.path());
        let filters = query.iter().filter(|(name, _)| !OF_PAGE.iter().any(|parameter| parameter.name == *name));
        let (binding, now) = (Binding::new(path, filters), service.moments().time());
        let read = |text: &str| cursor::read(text, binding, &service.registry().root_keys(), now).map_err(refused);
        let after = query.text("cursor").map(read).transpose()?;
        Ok(Listing { query, service, binding, now, after, limit })
    }

    /// What it asks beside where and how many.
    pub(super) fn query(&self) -> &Query<'a> {
        &self.query
    }

    /// The place that the page goes on after; `None`: it is the first one.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// How many items there may be.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The page of these; `next` is the place that the next one goes on after.
    pub(super) fn page<T>(&self, items: Vec<T>, next: Option<&str>) -> Result<Page<T>, Problem> {
        let write = |place: &str| {
            let written = cursor::write(place, self.binding, &self.service.registry().root_keys(), self.now);
            written.ok_or_else(|| Problem::internal(&std::io::Error::other("no cursor can be written")))
        };
        Ok(Page { items, next: next.map(write).transpose()? })
    }

    /// The page of a list in the order of its places.
    pub(super) fn sorted<R, T>(&self, sorted: &[R], place: impl Fn(&R) -> String, item: impl Fn(&R) -> T) -> Result<Page<T>, Problem> {
        let start = self.after().map_or(0, |after| sorted.partition_point(|record| *place(record) <= *after));
        let rest = sorted.get(start..).unwrap_or_default();
        let page = rest.get(..self.limit).unwrap_or(rest);
        let next = page.last().filter(|_| page.len() < rest.len()).map(place);
        self.page(page.iter().map(item).collect(), next.as_deref())
    }

    /// The page of what `fetch` finds after a place, in order, so many at most.
    pub(super) fn fetched<R, T>(
        &self,
        fetch: impl FnOnce(Option<&str>, usize) -> Vec<R>,
        place: impl Fn(&R) -> String,
        item: impl Fn(&R) -> T,
    ) -> Result<Page<T>, Problem> {
        // One more says whether there is a next page.
        let mut found = fetch(self.after(), self.limit.saturating_add(1));
        let has_more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| has_more).map(place);
        self.page(found.iter().map(item).collect(), next.as_deref())
    }

    /// The page of those that are sought of what `fetch` finds after a place, in order. Only so many are looked at: a page may have room left,
    /// or nothing in it, and a next one all the same.
    pub(super) fn sought<R, T>(
        &self,
        sought: &Sought,
        fetch: impl FnOnce(Option<&str>, usize) -> Vec<R>,
        is_one: impl Fn(&R) -> bool,
        (place, item): (impl Fn(&R) -> String, impl Fn(&R) -> T),
    ) -> Result<Page<T>, Problem> {
        if sought.is_all() {
            return self.fetched(fetch, place, item);
        }
        let mut looked_at = fetch(self.after(), LOOKED_AT.saturating_add(1));
        let has_more = looked_at.len() > LOOKED_AT;
        looked_at.truncate(LOOKED_AT);
        let mut found: Vec<&R> = looked_at.iter().filter(|record| is_one(record)).take(self.limit.saturating_add(1)).collect();
        let last = if found.len() > self.limit {
            found.truncate(self.limit);
            found.last().copied()
        } else {
            looked_at.last().filter(|_| has_more)
        };
        self.page(found.iter().map(|record| item(record)).collect(), last.map(place).as_deref())
    }
}

/// A place that comes first the later it is, and beside others of its second in the order of `id`.
pub(super) fn newest_first(at_seconds: i64, id: &str) -> String {
    format!("{:019} {id}", i64::MAX.saturating_sub(at_seconds.max(0)))
}

fn refused(error: CursorError) -> Problem {
    let detail = match error {
        CursorError::Unreadable => "this cursor was not written here, or was changed on its way",
        CursorError::OtherList => "this cursor is of another list, or of this one under other filters",
        CursorError::TooOld => "this cursor is more than a day old",
    };
    let hint = match error {
        CursorError::OtherList => {
            "send the `next` of the page before with the filters that it was asked with; or leave `cursor` out and begin anew"
        }
        CursorError::Unreadable | CursorError::TooOld => {
            "send the `next` of the page before as it is, within a day; or leave `cursor` out and begin anew"
        }
    };
    Problem::new(ProblemKind::InvalidCursor, detail, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first() {
        let mut places = [newest_first(5, "b"), newest_first(7, "a"), newest_first(5, "a"), newest_first(-1, "z")];
        places.sort();
        assert_eq!(places, [newest_first(7, "a"), newest_first(5, "a"), newest_first(5, "b"), newest_first(0, "z")]);
    }
}
