//! Which of the things of a list are shown.

use clap::Args;
use serde_json::Value;

use super::context::Context;
use super::failure::Failure;
use super::pages::Pages;
use super::percent::segment;
use crate::render::text::items;
use crate::render::view::View;

/// Which of them are listed
#[derive(Args, Debug)]
pub(crate) struct Sought {
    /// Only those with words that begin so in their names and words about them,
    /// or an id that does
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Only those that stand so
    #[arg(long, value_name = "STATE", value_parser = ["active", "suspended"])]
    state: Option<String>,
}

impl Sought {
    /// Lists those of a path.
    pub(crate) fn show(
        &self,
        context: &Context,
        pages: &Pages,
        path: &str,
        render: impl FnOnce(&Value, &View) -> String,
    ) -> Result<(), Failure> {
        show(context, pages, (path, &[("search", &self.search), ("state", &self.state)]), render)
    }
}

/// Lists those of a path that are asked for; where nobody is asked for and there is nothing, `render` says how to make one.
pub(crate) fn show(
    context: &Context,
    pages: &Pages,
    (path, asked): (&str, &[(&str, &Option<String>)]),
    render: impl FnOnce(&Value, &View) -> String,
) -> Result<(), Failure> {
    let asked = with_query(path, asked.iter().map(|(name, value)| (*name, (*value).clone())));
    let is_all = asked == path;
    pages.show(context, &asked, |list, view| {
        if is_all || !items(list).is_empty() {
            render(list, view)
        } else {
            "Nothing is found so. Without --search and --state everything is listed.\n".to_owned()
        }
    })
}

/// A path with those parameters that are said.
pub(crate) fn with_query<'a>(path: &str, parameters: impl Iterator<Item = (&'a str, Option<String>)>) -> String {
    let named: Vec<String> = parameters.filter_map(|(name, value)| Some(format!("{name}={}", segment(&value?)))).collect();
    if named.is_empty() { path.to_owned() } else { format!("{path}?{}", named.join("&")) }
}
