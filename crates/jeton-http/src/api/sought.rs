//! Of which things a list is: how they stand, and the beginnings of their words. All of these are in memory.

use jeton_core::api_key::search::Search;

use super::problem::{Problem, ProblemKind};
use super::query::Query;

/// What is asked of a list beside its page; nothing of it is all.
pub(super) struct Sought {
    words: Option<Search>,
    state: Option<&'static str>,
}

impl Sought {
    /// Reads the parameters `search` and `state`, which is one of these.
    pub(super) fn parse(query: &Query<'_>, states: fn() -> Vec<&'static str>) -> Result<Sought, Problem> {
        let words = query.text("search").map(Search::parse).transpose().map_err(|refusal| {
            Problem::from(refusal).advise(ProblemKind::InvalidRequest, "name the beginnings of words of what is looked for, or of its id")
        })?;
        let named = |said: &str| {
            states().into_iter().find(|state| *state == said).ok_or_else(|| {
                Problem::invalid("the parameter `state` has no such value", format!("`state` is one of {}", states().join(", ")))
            })
        };
        Ok(Sought { words, state: query.text("state").map(named).transpose()? })
    }

    /// Whether all are sought.
    pub(super) fn is_all(&self) -> bool {
        self.words.is_none() && self.state.is_none()
    }

    /// Whether what stands so, and says this of itself, is sought; how it stands is asked only where that decides.
    pub(super) fn is_one<'a>(&self, state: impl FnOnce() -> &'static str, says: impl IntoIterator<Item = &'a str>) -> bool {
        self.words.as_ref().is_none_or(|words| words.is_in(says)) && self.state.is_none_or(|sought| sought == state())
    }
}
