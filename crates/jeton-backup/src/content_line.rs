//! What the lines of parts and segments say.

use jeton_core::commit::Sequence;
use jeton_store::ledger::Entry;
use jeton_store::line::{Change, RowLine};
use jeton_store::table::Schema;
use serde::{Deserialize, Serialize};

use crate::entry_line::{self, HeadLine};
use crate::tail::{HeadOnly, Mode, ModeLine};

/// In a segment that was made of others: where they began and ended, in order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinedLine {
    pub(crate) joined: Vec<Sequence>,
}

/// What a line between an object's first and last says.
pub(crate) enum Line {
    Row(RowLine),
    Entry(Entry),
    Change(Change),
    /// Where the segments began and ended of which this one was made.
    Joined(Vec<Sequence>),
    Mode(Mode),
    Head(HeadLine),
}

impl Line {
    /// Reads one.
    pub(crate) fn parse(schema: &Schema, line: &str) -> Result<Line, String> {
        let is_of = |kind: &str| line.strip_prefix("{\"").is_some_and(|rest| rest.starts_with(kind));
        let json = |error: serde_json::Error| error.to_string();
        if is_of("row\"") {
            RowLine::parse(schema, line).map(Line::Row).map_err(|error| error.to_string())
        } else if is_of("entry\"") {
            entry_line::parse(line).map(Line::Entry)
        } else if is_of("change\"") {
            Change::parse(schema, line).map(Line::Change).map_err(|error| error.to_string())
        } else if is_of("joined\"") {
            serde_json::from_str::<JoinedLine>(line).map(|line| Line::Joined(line.joined)).map_err(json)
        } else if is_of("mode\"") {
            serde_json::from_str::<ModeLine>(line).map(|line| Line::Mode(line.mode)).map_err(json)
        } else if is_of("head\"") {
            serde_json::from_str::<HeadOnly>(line).map(|line| Line::Head(line.head)).map_err(json)
        } else {
            Err("a line says nothing that is known".into())
        }
    }
}
