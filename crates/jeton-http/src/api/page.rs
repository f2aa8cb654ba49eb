//! Long lists, page by page: each page says after which name the next one begins.

use http::Uri;
use serde::Serialize;

use super::problem::Problem;
use super::query::Query;

/// The most items of a page, and how many there are when nobody says.
const ITEMS_MAX: usize = 1_000;

/// One page of a list.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    items: Vec<T>,
    /// The `after` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits on a page.
    pub(super) fn whole(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }

    /// A page that somebody else cut: where the next one goes on.
    pub(super) fn going_on(items: Vec<T>, next: Option<String>) -> Page<T> {
        Page { items, next }
    }

    /// The page that a query asks for, of a list sorted by `name`.
    pub(super) fn of<R>(uri: &Uri, sorted: &[R], name: impl Fn(&R) -> &str, item: impl Fn(&R) -> T) -> Result<Page<T>, Problem> {
        let query = Query::parse(uri, &["after", "limit"])?;
        let limit = limit(&query)?;
        let start = query.text("after").map_or(0, |after| sorted.partition_point(|record| name(record) <= after));
        let rest = sorted.get(start..).unwrap_or_default();
        let page = rest.get(..limit).unwrap_or(rest);
        let next = (page.len() < rest.len()).then(|| page.last().map(|last| name(last).to_owned())).flatten();
        Ok(Page { items: page.iter().map(item).collect(), next })
    }

    /// The page that a query asks for; `fetch` finds what comes after a name, in order, so many at most.
    pub(super) fn fetched<R>(
        uri: &Uri,
        fetch: impl FnOnce(Option<&str>, usize) -> Vec<R>,
        name: impl Fn(&R) -> String,
        item: impl Fn(&R) -> T,
    ) -> Result<Page<T>, Problem> {
        let query = Query::parse(uri, &["after", "limit"])?;
        let limit = limit(&query)?;
        // One more says whether there is a next page.
        let mut found = fetch(query.text("after"), limit.saturating_add(1));
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(name);
        Ok(Page { items: found.iter().map(item).collect(), next })
    }
}

fn limit(query: &Query<'_>) -> Result<usize, Problem> {
    Ok(query.number("limit")?.map_or(ITEMS_MAX, |limit| usize::try_from(limit).unwrap_or(ITEMS_MAX).clamp(1, ITEMS_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &str) {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        let names = ["a", "b", "c", "d"];
        let page = Page::of(&uri, &names, |name| name, |name| (*name).to_owned());
        assert_eq!(serde_json::to_string(&page.unwrap()).unwrap(), expected, "{query}");
        let fetch = |after: Option<&str>, limit: usize| -> Vec<&str> {
            names.into_iter().filter(|name| after.is_none_or(|after| *name > after)).take(limit).collect()
        };
        let page = Page::fetched(&uri, fetch, |name| (*name).to_owned(), |name| (*name).to_owned());
        assert_eq!(serde_json::to_string(&page.unwrap()).unwrap(), expected, "{query}");
    }

    #[test]
    fn pages() {
        check("", r#"{"items":["a","b","c","d"]}"#);
        check("limit=2", r#"{"items":["a","b"],"next":"b"}"#);
        check("limit=2&after=b", r#"{"items":["c","d"]}"#);
        check("limit=0&after=bb", r#"{"items":["c"],"next":"c"}"#);
        check("after=d", r#"{"items":[]}"#);
        check("limit=99999999999", r#"{"items":["a","b","c","d"]}"#);
    }
}
