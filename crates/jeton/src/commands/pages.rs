//! How much of a list is shown.

use clap::Args;
use serde_json::{Value, json};

use super::aside::aside;
use super::context::Context;
use super::failure::Failure;
use super::server::Server;
use crate::render::view::View;

/// How many items a list shows when nobody says.
const ITEMS: usize = 1_000;

/// How much of a list is shown
#[derive(Args, Debug)]
pub(crate) struct Pages {
    /// At most so many; 1000 if left out
    #[arg(long, value_name = "COUNT", conflicts_with = "all", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// All of them, however many
    #[arg(long)]
    all: bool,
}

impl Pages {
    /// Reads a list and shows it; says where there is more of it.
    pub(crate) fn show(&self, context: &Context, path: &str, render: impl FnOnce(&Value, &View) -> String) -> Result<(), Failure> {
        let most = match (self.all, self.limit) {
            (true, _) => usize::MAX,
            (false, limit) => limit.map_or(ITEMS, |limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        };
        let (items, has_more) = read(&context.server()?, path, most)?;
        let count = items.len();
        context.show(&if has_more { json!({ "items": items, "has_more": true }) } else { json!({ "items": items }) }, render)?;
        if has_more {
            // Beside the list, so that a program which reads it line by line is not told of an item that is none.
            let first = if count == 1 { "This is the first".to_owned() } else { format!("These are the first {count}") };
            aside(&format!("{first}; there are more: --all shows all of them."));
        }
        Ok(())
    }
}

/// The first items of a list, and whether there are more.
fn read(server: &Server, path: &str, most: usize) -> Result<(Vec<Value>, bool), Failure> {
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let (more, next) = server.get_page(path, cursor.as_deref(), most.saturating_sub(items.len()))?;
        items.extend(more);
        cursor = next;
        if cursor.is_none() || items.len() >= most {
            return Ok((items, cursor.is_some()));
        }
    }
}
