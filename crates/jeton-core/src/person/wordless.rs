//! What somebody wrote in their own words is taken out of what is told and put once more, where the entry that first told it was erased.

use serde_json::{Map, Value as Json};

use crate::api_key;
use crate::client::secret;
use crate::grant;
use crate::policy::exception;
use crate::record::{Column, Row, Table, Value};
use crate::why::Why;

/// What stands where words stood.
const ERASED: &str = "erased";

/// What an entry of this kind and payload says without anybody's words; `None`: nothing that may be told.
#[must_use]
pub fn payload(kind: &str, payload: &[u8]) -> Option<Vec<u8>> {
    // These say what somebody is called, and nothing else.
    if matches!(kind, "user.created" | "user.updated") {
        return None;
    }
    let mut members: Map<String, Json> = serde_json::from_slice(payload).ok()?;
    for (name, instead) in [("why", Why::Unspecified.name()), ("reason", ERASED)] {
        if let Some(Json::String(said)) = members.get_mut(name).filter(|said| said.as_str().is_some_and(are_words)) {
            instead.clone_into(said);
        }
    }
    if let Some(Json::String(owner)) = members.get_mut("owner")
        && !["user:", "group:", "client:"].iter().any(|kind| owner.starts_with(kind))
    {
        *owner = if owner.starts_with("external:") { format!("external:{ERASED}") } else { ERASED.to_owned() };
    }
    serde_json::to_vec(&members).ok()
}

/// A row without the words of why it is as it is.
#[must_use]
pub fn row(table: &Table, row: &Row) -> Row {
    without(table, row, |_| true).unwrap_or_else(|| row.clone())
}

/// The tables in whose rows somebody says why in their own words, and that nobody can change afterwards.
pub static TABLES: [&Table; 4] = [&api_key::TABLE, &secret::TABLE, &exception::TABLE, &grant::TABLE];

/// A row without those words of why it is as it is that are to go; `None`: it has none of these.
pub fn without(table: &Table, row: &Row, mut goes: impl FnMut(&str) -> bool) -> Option<Row> {
    let mut is_changed = false;
    let value = |(column, said): (&Column, &Value)| match (instead_of(table, column), said.as_text()) {
        (Some(instead), Some(text)) if **text != *instead && are_words(text) && goes(text) => {
            is_changed = true;
            Value::text(instead)
        }
        _ => said.clone(),
    };
    let left = table.columns.iter().zip(row).map(value).collect();
    is_changed.then_some(left)
}

/// The words of why a row is as it is.
pub fn words<'r>(table: &'static Table, row: &'r Row) -> impl Iterator<Item = &'r str> {
    let said = table.columns.iter().zip(row).filter(|(column, _)| instead_of(table, column).is_some());
    said.filter_map(|(_, said)| said.as_text()).map(AsRef::as_ref).filter(|text: &&str| are_words(text))
}

/// What stands in a column in the place of words; `None`: it has none.
fn instead_of(table: &Table, column: &Column) -> Option<&'static str> {
    match column.name {
        "state_why" => Some(Why::Unspecified.name()),
        "owner" | "reason" if std::ptr::eq(table, &exception::TABLE) => Some(ERASED),
        _ => None,
    }
}

/// Whether somebody wrote this themselves: a reason that programs know says nothing of anybody.
pub(super) fn are_words(text: &str) -> bool {
    !text.is_empty() && Why::from_name(text).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, said: &str, expected: Option<&str>) {
        let left = payload(kind, said.as_bytes()).map(|left| String::from_utf8(left).unwrap());
        assert_eq!(left.as_deref(), expected);
    }

    #[test]
    fn words_go_and_what_was_done_stays() {
        check("api_key.revoked", r#"{"key":"k","why":"Ada left"}"#, Some(r#"{"key":"k","why":"unspecified"}"#));
        check("api_key.revoked", r#"{"key":"k","why":"leaked"}"#, Some(r#"{"key":"k","why":"leaked"}"#));
        check("policy_exception.created", r#"{"owner":"Ada","reason":"trip"}"#, Some(r#"{"owner":"erased","reason":"erased"}"#));
        check("credential.reported", r#"{"owner":"external:ada"}"#, Some(r#"{"owner":"external:erased"}"#));
        check("api_key.revoked", r#"{"owner":"user:user_1"}"#, Some(r#"{"owner":"user:user_1"}"#));
        check("user.updated", r#"{"user":"user_1"}"#, None);
    }

    #[test]
    fn a_row_keeps_its_reason_and_not_its_words() {
        let table = &crate::client::secret::TABLE;
        let of = |why: &str| -> Row {
            let value = |name: &str| if name == "state_why" { Value::text(why) } else { Value::Int(1) };
            table.columns.iter().map(|column| value(column.name)).collect()
        };
        assert_eq!(row(table, &of("Ada left")), of("unspecified"));
        assert_eq!(row(table, &of("leaked")), of("leaked"));
        assert_eq!(words(table, &of("Ada left")).collect::<Vec<_>>(), ["Ada left"]);
        assert_eq!(words(table, &of("leaked")).count(), 0);
    }

    #[test]
    fn only_the_words_that_are_to_go_do() {
        let table = &exception::TABLE;
        let of = |owner: &str, reason: &str| -> Row {
            let value = |name: &str| match name {
                "owner" => Value::text(owner),
                "reason" => Value::text(reason),
                _ => Value::Int(1),
            };
            table.columns.iter().map(|column| value(column.name)).collect()
        };
        let left = without(table, &of("Ada", "a trip"), |words| words == "Ada");
        assert_eq!(left, Some(of("erased", "a trip")));
        assert_eq!(without(table, &of("erased", "a trip"), |words| words != "a trip"), None, "nothing is left to go");
        let long = "x".repeat(500);
        assert_eq!(row(table, &of("Ada", &long)), of("erased", "erased"));
    }

    #[test]
    fn no_table_has_reasons_that_nobody_looks_at() {
        let said = |table: &&&Table| table.columns.iter().any(|column| ["why", "state_why", "reason"].contains(&column.name));
        let found: Vec<_> = crate::schema::TABLES.iter().filter(said).map(|table| table.name).collect();
        let looked_at: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        for name in &found {
            assert!(looked_at.contains(name), "{name}");
        }
        assert_eq!(found.len(), looked_at.len());
        for table in TABLES {
            assert!(table.columns.iter().any(|column| instead_of(table, column).is_some()), "{}", table.name);
        }
    }
}
